import { type Closeable, webhookSignature } from '@chorus/service';
import { type Dispatcher, Pool } from 'undici';
import { readAnswer, type Verdict } from './answer.js';
import type { HookConfig } from './settings.js';
import { type Draft, requestBody } from './text.js';

/** Why there is no verdict. */
export interface Failure {
  readonly action: 'fail';
  readonly outcome: 'timeout' | 'error' | 'invalid';
  /** For the log; says nothing about the text. */
  readonly detail: string;
}

/** Bytes of an answer with another status that are read to keep the connection. */
const ANSWER_BYTES = 16_384;
/** Errors of a connection that the endpoint closed while it was not used, or when it ended. */
const CUT = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

/**
 * Asks the endpoint about drafts, by HTTP requests that are signed as Standard Webhooks says. Connections are kept. Redirects are not
 * followed.
 */
export class Endpoint implements Closeable {
  readonly #pool: Pool;
  readonly #path: string;
  #closing: Promise<void> | undefined;

  /** @param maxAnswerBytes size of the largest answer that is read */
  constructor(
    private readonly config: HookConfig,
    private readonly maxAnswerBytes: number,
  ) {
    const { origin, pathname, search } = new URL(config.url);
    this.#path = pathname + search;
    const { concurrency: connections, timeoutMs: timeout } = config;
    this.#pool = new Pool(origin, { connections, pipelining: 1, connect: { timeout } });
  }

  /**
   * Never rejects. A request whose connection was cut before an answer began is repeated once.
   * @param withinMs time within which the whole answer must have arrived, in milliseconds
   */
  async ask(draft: Draft, withinMs: number): Promise<Verdict | Failure> {
    const signal = AbortSignal.timeout(Math.max(1, Math.floor(withinMs)));
    const options = this.#request(draft, signal);
    try {
      const { statusCode, body } = await this.#send(options);
      if (statusCode !== 200) {
        void body.dump({ limit: ANSWER_BYTES }).catch(() => undefined);
        return failure('invalid', `it answered ${statusCode}`);
      }
      const text = await this.#read(body);
      const verdict = text === undefined ? undefined : readAnswer(text, draft);
      return (
        verdict ??
        failure('invalid', text === undefined ? 'its answer is too long' : 'its answer is not valid')
      );
    } catch (error) {
      if (signal.aborted) return failure('timeout', `no answer within ${this.config.timeoutMs} ms`);
      return failure('error', error instanceof Error && error.message !== '' ? error.message : String(error));
    }
  }

  /** Cuts requests in progress. */
  close(): Promise<void> {
    this.#closing ??= this.#pool.destroy();
    return this.#closing;
  }

  #request(draft: Draft, signal: AbortSignal): Dispatcher.RequestOptions {
    const now = new Date();
    const body = requestBody(draft, now);
    const timestamp = String(Math.floor(now.getTime() / 1_000));
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'Chorus-Before-Publish',
      'webhook-id': draft.id,
      'webhook-timestamp': timestamp,
      'webhook-signature': webhookSignature(this.config.secret, draft.id, timestamp, body),
    };
    return { path: this.#path, method: 'POST', headers, body, signal };
  }

  async #send(options: Dispatcher.RequestOptions): Promise<Dispatcher.ResponseData> {
    try {
      return await this.#pool.request(options);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      if (!CUT.has(code)) throw error;
      return this.#pool.request(options);
    }
  }

  /** Returns the body; undefined if it is too long. */
  async #read(body: Dispatcher.ResponseData['body']): Promise<string | undefined> {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of body) {
      if (!Buffer.isBuffer(chunk)) continue;
      size += chunk.length;
      // Leaving the loop closes the connection.
      if (size > this.maxAnswerBytes) return undefined;
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString();
  }
}

function failure(outcome: Failure['outcome'], detail: string): Failure {
  return { action: 'fail', outcome, detail };
}
