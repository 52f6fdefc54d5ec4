import { ChorusError } from '../chorus-error.js';
import type { Message } from '../types.js';

export interface ApiOptions {
  /** Where Chorus is. Default: where the page is from. */
  url?: string;
  /** Sent as `Authorization: Bearer`; in browsers the cookie does it. */
  token?: string | (() => string | undefined | Promise<string | undefined>);
  fetch?: typeof fetch;
}

export interface MessagePage {
  /** Oldest first. */
  readonly messages: readonly Message[];
  /** Where older pages go on; null at the beginning. */
  readonly before: string | null;
  /** Where newer pages go on; null at the end, at that moment. */
  readonly after: string | null;
}

/** The HTTP API. */
export class ChorusApi {
  readonly #options: ApiOptions;

  constructor(options: ApiOptions = {}) {
    this.#options = options;
  }

  /** @throws {ChorusError} */
  me(): Promise<unknown> {
    return this.#get('/api/users/me');
  }

  /** @throws {ChorusError} */
  messages(
    roomId: number,
    page: { before?: string; after?: string; limit?: number } = {},
  ): Promise<MessagePage> {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(page)) query.set(name, String(value));
    return this.#get(`/api/rooms/${roomId}/messages?${query}`) as Promise<MessagePage>;
  }

  async #get(path: string): Promise<unknown> {
    const { url = '', token, fetch = globalThis.fetch } = this.#options;
    const bearer = typeof token === 'function' ? await token() : token;
    const headers: Record<string, string> = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
    const response = await fetch(url + path, { headers, signal: AbortSignal.timeout(15_000) }).catch(
      (cause) => {
        throw new ChorusError('network', String(cause), true, { cause });
      },
    );
    if (response.ok) return response.json();
    const { status } = response;
    const seconds = Number(response.headers.get('retry-after'));
    const codes = { 401: 'unauthenticated', 403: 'forbidden', 404: 'not_found', 503: 'unavailable' } as const;
    const code = codes[status as keyof typeof codes] ?? 'bad_answer';
    throw new ChorusError(code, `HTTP ${status}`, status >= 500 || status === 429, {
      status,
      retryAfterMs: seconds > 0 ? seconds * 1_000 : undefined,
    });
  }
}
