import { setTimeout as sleep } from 'node:timers/promises';

/** Accounts or rooms are not available; the message is one line with the remedy. */
export class ProvisionError extends Error {
  override readonly name = 'ProvisionError';
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly cookies: readonly string[];
  /** `Retry-After` in seconds; undefined without one. */
  readonly retryAfter: number | undefined;
}

const TIMEOUT_MS = 30_000;
/** Number of attempts at a busy server, unless its `Retry-After` is too long. */
const TRIES = 6;
const LONGEST_PAUSE_SECONDS = 10;

/** Sends requests to the API, with retries. */
export class ApiClient {
  constructor(
    readonly url: string,
    private readonly signal?: AbortSignal,
  ) {}

  /** @throws {ProvisionError} when there is no API, or it fails */
  async request(
    path: string,
    options: { readonly body?: unknown; readonly token?: string } = {},
  ): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      const answer = await this.#once(path, options);
      const busy = answer.status === 503 || answer.status === 429;
      const pause = answer.retryAfter ?? 1;
      if (!busy || attempt === TRIES || pause > LONGEST_PAUSE_SECONDS) return answer;
      await sleep(pause * 1_000, undefined, { signal: this.signal });
    }
  }

  async #once(path: string, { body, token }: { body?: unknown; token?: string }): Promise<Answer> {
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    try {
      const response = await fetch(new URL(path, this.url), {
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: this.signal ? AbortSignal.any([this.signal, timeout]) : timeout,
      });
      const text = await response.text();
      const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
      return {
        status: response.status,
        body: response.headers.get('content-type')?.includes('json') ? parse(text) : undefined,
        cookies: response.headers.getSetCookie(),
        retryAfter: Number.isFinite(retryAfter) ? retryAfter : undefined,
      };
    } catch (error) {
      if (this.signal?.aborted) throw error;
      const { cause } = error as { cause?: { code?: string } };
      const why = timeout.aborted
        ? `no answer within ${TIMEOUT_MS / 1_000} s`
        : (cause?.code ?? (error as Error).message);
      throw new ProvisionError(`--api ${this.url} cannot be reached: ${why}`);
    }
  }

  /** Describes an unexpected response. */
  failure(what: string, { status, body, retryAfter }: Answer): ProvisionError {
    const said = (body as { error?: unknown } | undefined)?.error;
    const again = retryAfter === undefined ? '' : `, again in ${retryAfter} s`;
    return new ProvisionError(
      `--api ${this.url}: ${what} was answered with ${status}${again}${typeof said === 'string' ? `: ${said}` : ''}`,
    );
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
