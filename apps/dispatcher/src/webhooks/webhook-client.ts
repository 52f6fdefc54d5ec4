import { eventJson, type LoggedEvent, type Webhook } from '@chorus/database';
import type { AllowedAddresses, Closeable } from '@chorus/service';
import { Webhook as Signer } from 'standardwebhooks';
import { Agent, request } from 'undici';

/** Default time within which an endpoint must answer, in milliseconds. */
const TIMEOUT_MS = 10_000;
/** Status by which an endpoint says that it is gone for good. */
const GONE = 410;
/** Bytes of an answer that are read; the rest is of no use. */
const ANSWER_BYTES = 16_384;

/** A delivery that failed. */
export interface Failure {
  /** Undefined without an answer. */
  readonly status: number | undefined;
  readonly error: string;
  /** Whether the endpoint wants no more events. */
  readonly gone: boolean;
}

/** Delivers events by HTTP, as Standard Webhooks says. Redirects are not followed: they are failures. */
export class WebhookClient implements Closeable {
  readonly #agent: Agent;

  /**
   * @param connections connections to one endpoint at a time
   * @param timeoutMs time within which an endpoint must answer, in milliseconds
   */
  constructor(
    private readonly addresses: AllowedAddresses,
    connections: number,
    private readonly timeoutMs = TIMEOUT_MS,
  ) {
    const connect = { lookup: addresses.lookup, timeout: timeoutMs };
    this.#agent = new Agent({ connect, connections, pipelining: 1 });
  }

  /** @param cut aborts the delivery @returns undefined when the endpoint has accepted the event; never rejects */
  async deliver(webhook: Webhook, event: LoggedEvent, cut: AbortSignal): Promise<Failure | undefined> {
    try {
      const refusal = this.addresses.refusal(new URL(webhook.url));
      if (refusal !== undefined) return { status: undefined, error: refusal, gone: false };
      const { id, ...content } = eventJson(event);
      const body = JSON.stringify(content);
      const now = new Date();
      const answer = await request(webhook.url, {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          'User-Agent': 'Chorus-Webhooks',
          'webhook-id': id,
          'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
          'webhook-signature': signatures(webhook, id, now, body),
        },
        ...{
          body,
          dispatcher: this.#agent,
          signal: AbortSignal.any([cut, AbortSignal.timeout(this.timeoutMs)]),
        },
      });
      const { statusCode: status } = answer;
      await answer.body.dump({ limit: ANSWER_BYTES }).catch(() => undefined);
      if (status >= 200 && status < 300) return undefined;
      return { status, error: `the endpoint answered ${status}`, gone: status === GONE };
    } catch (error) {
      return { status: undefined, error: reasonOf(error, this.timeoutMs), gone: false };
    }
  }

  /** Cuts deliveries in progress. */
  close(): Promise<void> {
    return this.#agent.destroy();
  }
}

/** During a rotation both secrets sign, so the receiver can change at any time. */
function signatures({ secret, previousSecret, previousUntil }: Webhook, id: string, now: Date, body: string) {
  const secrets = [secret];
  if (previousSecret !== null && previousUntil !== null && previousUntil > now) secrets.push(previousSecret);
  return secrets.map((each) => new Signer(each).sign(id, now, body)).join(' ');
}

function reasonOf(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${timeoutMs / 1_000} s`;
  return (error.message === '' ? error.name : error.message).slice(0, 200);
}
