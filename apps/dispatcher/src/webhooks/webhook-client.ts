import { createSecretKey, type KeyObject } from 'node:crypto';
import { eventJson, type LoggedEvent, type Webhook } from '@chorus/database';
import { type AllowedAddresses, type Closeable, type SecretBox, webhookSignature } from '@chorus/service';
import { Agent, type Dispatcher } from 'undici';

/** Default time within which an endpoint must answer, in milliseconds. */
const TIMEOUT_MS = 10_000;
/** Status by which an endpoint says that it is gone for good. */
const GONE = 410;
/** Status of an answer without a body. */
const NO_CONTENT = 204;
/** Bytes of an answer that are read; the rest is of no use. */
const ANSWER_BYTES = 16_384;
const SECRET_PREFIX = 'whsec_';
/** Codes of undici's errors for an endpoint that does not answer in time. */
const TIMEOUTS = new Set(['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);

/** The end of a delivery. */
interface Result {
  /** Undefined without an answer. */
  readonly status: number | undefined;
  /** Undefined when the endpoint has accepted the event. */
  readonly error: string | undefined;
  /** Whether the endpoint wants no more events. */
  readonly gone: boolean;
}

/** A delivery that failed. */
export interface Failure extends Result {
  readonly error: string;
}

/** What is computed once for all deliveries to a webhook. */
interface Target {
  /** Why nothing may be sent to it. */
  readonly refusal: string | undefined;
  readonly origin: string;
  readonly path: string;
  readonly key: KeyObject;
  /** Signs as well during a rotation, until a time in milliseconds since 1970. */
  readonly previous: { readonly key: KeyObject; readonly until: number } | undefined;
}

/** Delivers events by HTTP, as Standard Webhooks says. Redirects are not followed: they are failures. */
export class WebhookClient implements Closeable {
  readonly #agent: Agent;
  readonly #targets = new WeakMap<Webhook, Target>();

  /**
   * @param secrets decrypts the secrets of webhooks
   * @param connections connections to one endpoint at a time
   * @param timeoutMs time within which an endpoint must answer, in milliseconds
   */
  constructor(
    private readonly addresses: AllowedAddresses,
    private readonly secrets: Pick<SecretBox, 'open'>,
    connections: number,
    private readonly timeoutMs = TIMEOUT_MS,
  ) {
    const connect = { lookup: addresses.lookup, timeout: timeoutMs };
    this.#agent = new Agent({ connect, connections, pipelining: 1 });
  }

  /** @param cut aborts the delivery @returns undefined when the endpoint has accepted the event; never rejects */
  async deliver(webhook: Webhook, event: LoggedEvent, cut: AbortSignal): Promise<Failure | undefined> {
    const { id, ...content } = eventJson(event);
    const result = await this.send(webhook, id, content, cut);
    return result.error === undefined ? undefined : { ...result, error: result.error };
  }

  /** Sends anything as an event. Never rejects. @param id `webhook-id` of the request @param cut aborts the delivery */
  async send(webhook: Webhook, id: string, content: object, cut: AbortSignal): Promise<Result> {
    try {
      const target = this.#targetOf(webhook);
      if (target.refusal !== undefined) return { status: undefined, error: target.refusal, gone: false };
      const answer = await this.#agent.request(this.#requestOf(target, id, content, cut));
      const { statusCode: status } = answer;
      await this.#skip(answer);
      if (status >= 200 && status < 300) return { status, error: undefined, gone: false };
      return { status, error: `the endpoint answered ${status}`, gone: status === GONE };
    } catch (error) {
      return { status: undefined, error: reasonOf(error, this.timeoutMs), gone: false };
    }
  }

  /** Cuts deliveries in progress. */
  close(): Promise<void> {
    return this.#agent.destroy();
  }

  #requestOf({ origin, path, key, previous }: Target, id: string, content: object, signal: AbortSignal) {
    const body = JSON.stringify(content);
    const now = Date.now();
    const timestamp = String(Math.floor(now / 1_000));
    const keys = previous !== undefined && previous.until > now ? [key, previous.key] : [key];
    return {
      ...{ origin, path, body, signal, method: 'POST' as const },
      ...{ headersTimeout: this.timeoutMs, bodyTimeout: this.timeoutMs },
      headers: {
        'Content-Type': 'application/json',
        'User-Agent': 'Chorus-Webhooks',
        'webhook-id': id,
        'webhook-timestamp': timestamp,
        // During a rotation both secrets sign, so the receiver can change at any time.
        'webhook-signature': keys.map((each) => webhookSignature(each, id, timestamp, body)).join(' '),
      },
    };
  }

  /** Reads an answer to its end, so that its connection can be used again. */
  async #skip({ statusCode, body }: Dispatcher.ResponseData): Promise<void> {
    // An answer that arrives in small pieces must not hold the connection for ever.
    const bound = statusCode === NO_CONTENT ? {} : { signal: AbortSignal.timeout(this.timeoutMs) };
    await body.dump({ limit: ANSWER_BYTES, ...bound }).catch(() => undefined);
  }

  #targetOf(webhook: Webhook): Target {
    const known = this.#targets.get(webhook);
    if (known !== undefined) return known;
    const url = new URL(webhook.url);
    const { previousSecret, previousUntil } = webhook;
    const target = {
      refusal: this.addresses.refusal(url),
      ...{ origin: url.origin, path: url.pathname + url.search, key: this.#keyOf(webhook.secret) },
      previous:
        previousSecret === null || previousUntil === null
          ? undefined
          : { key: this.#keyOf(previousSecret), until: previousUntil.getTime() },
    };
    this.#targets.set(webhook, target);
    return target;
  }

  #keyOf(stored: string): KeyObject {
    const secret = this.secrets.open(stored).replace(SECRET_PREFIX, '');
    return createSecretKey(Buffer.from(secret, 'base64'));
  }
}

function reasonOf(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && TIMEOUTS.has(String(error.code))) return `no answer within ${timeoutMs / 1_000} s`;
  return (error.message === '' ? error.name : error.message).slice(0, 200);
}
