import { setTimeout as sleep } from 'node:timers/promises';
import { type Closeable, type Logger, RepeatedWork } from '@chorus/service';
import { createTransport } from 'nodemailer';
import type { PasswordResets } from '../auth/reset/password-resets.js';
import { resetPath } from '../auth/reset/reset-page.js';
import type { UserRepository } from '../auth/user-repository.js';
import type { ClaimedMail, MailQueue } from './mail-queue.js';
import type { MailConfig } from './settings.js';

export interface MailSenderParts {
  readonly queue: MailQueue;
  readonly users: Pick<UserRepository, 'findByEmail'>;
  readonly resets: Pick<PasswordResets, 'create'>;
  readonly log: Logger;
}

/** Time between two looks for mails, in milliseconds. */
const INTERVAL_MS = 1_000;
/** Time for each step of an attempt, in milliseconds: the look-up of the host, connecting, the greeting, each answer. */
const TIMEOUT_MS = 10_000;
/** Time that a stopping API waits for attempts in progress, in milliseconds. */
const CLOSE_MS = 2_000;
/** Mails that one API sends at a time. */
const AT_ONCE = 5;

/**
 * Sends the mails of the queue. Each API does; one mail is claimed by one API at a time. An API that is killed between the mail server's
 * answer and the deletion of the row sends the mail twice, and no mail is lost.
 */
export class MailSender implements Closeable {
  readonly #work: RepeatedWork;
  readonly #transport;

  constructor(
    private readonly config: MailConfig,
    private readonly parts: MailSenderParts,
  ) {
    const timeouts = {
      dnsTimeout: TIMEOUT_MS,
      connectionTimeout: TIMEOUT_MS,
      greetingTimeout: TIMEOUT_MS,
      socketTimeout: TIMEOUT_MS,
    };
    this.#transport = createTransport({ url: config.smtpUrl, ...timeouts });
    this.#work = new RepeatedWork({
      run: () => this.#sendDue(),
      intervalMs: INTERVAL_MS,
      texts: { failing: 'mails are not sent', works: 'mails are sent again' },
      log: parts.log,
    });
  }

  start(): void {
    this.#work.start();
  }

  /** Stores that a reset link is to be sent to an address, and sends it soon. See {@link MailQueue.add}. */
  async add(email: string): Promise<void> {
    await this.parts.queue.add(email);
    this.#work.wake();
  }

  /** Waits for attempts in progress, but not long: another API sends what is left. */
  async close(): Promise<void> {
    const waited = new AbortController();
    const timeout = sleep(CLOSE_MS, undefined, waited).catch(() => undefined);
    await Promise.race([this.#work.close(), timeout]);
    waited.abort();
    this.#transport.close();
  }

  async #sendDue(): Promise<void> {
    while (!this.#work.closed) {
      const mails = await this.parts.queue.claim(AT_ONCE);
      const outcomes = await Promise.allSettled(mails.map((mail) => this.#send(mail)));
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
      if (mails.length < AT_ONCE) return;
    }
  }

  async #send(mail: ClaimedMail): Promise<void> {
    const { queue, users, resets, log } = this.parts;
    if (mail.stale) {
      log.warn({ attempts: mail.attempts - 1 }, 'a mail was given up');
      return queue.remove(mail);
    }
    const user = await users.findByEmail(mail.email);
    // The link is made when the mail is sent: so no token is stored, and it is valid for its whole time.
    const link = user && (await resets.create(user.id));
    if (user === undefined || link === undefined) return queue.remove(mail);
    try {
      await this.#transport.sendMail({
        from: this.config.from,
        // As the user entered it at sign-up: never what the client that asked has sent.
        to: { name: '', address: user.email },
        subject: 'Choose a new password',
        text: resetText(`${this.config.publicUrl}${resetPath(link.token)}`),
      });
    } catch (error) {
      // Mail servers repeat the address, which the log must not have.
      const reason = String(error).replaceAll(user.email, '…');
      if (isRefused(error)) {
        log.warn({ error: reason }, 'the mail server refused a recipient');
        return queue.remove(mail);
      }
      await queue.retry(mail);
      throw new Error(reason);
    }
    return queue.remove(mail);
  }
}

/** Without the name of the user: a client can sign up with the address of another person and a name that advertises. */
function resetText(url: string): string {
  return `You or another person asked for a link to choose a new password:

${url}

It is valid for an hour and can be used once. If you did not ask for it, ignore this mail: your password stays as it is.
`;
}

/** Whether the mail server refused the recipient for good (RFC 5321, 4.2.1: 5yz). */
function isRefused(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, responseCode } = error as Error & {
    readonly code?: unknown;
    readonly responseCode?: unknown;
  };
  return code === 'EENVELOPE' && typeof responseCode === 'number' && responseCode >= 500;
}
