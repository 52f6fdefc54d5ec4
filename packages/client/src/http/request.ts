import { ChorusError, type ClientErrorCode } from '../chorus-error.js';
import type { HistorySource } from '../options.js';
import { parseJson } from '../parse-json.js';
import type { ApiRequester, CallOptions, RequestOptions } from './api-types.js';
import { failureOf } from './failure.js';

const TIMEOUT_MS = 15_000;

export interface ApiOptions {
  /**
   * Address of Chorus, optionally with a path before the routes: `https://chat.example.org`. Default: the origin of
   * the page.
   */
  url?: string | (() => string) | undefined;
  /**
   * Sent as `Authorization: Bearer`; cookies are not sent then. Without a token, browsers send their cookies. A
   * function is called before each request.
   */
  token?: string | (() => string | undefined | Promise<string | undefined>) | undefined;
  /** Default: the platform's `fetch`. */
  fetch?: typeof fetch | undefined;
  /** Time-out of a request, in milliseconds. Default: 15 s. */
  timeoutMs?: number | undefined;
}

/** The parts of the API that a client needs. Smaller than the whole {@link ChorusApi}. */
export function historySource(options: ApiOptions): HistorySource {
  const ask: ApiRequester['request'] = (method, path, call) => request(options, method, path, call);
  return {
    me: () => ask('GET', '/api/users/me'),
    messages: (roomId, query) => ask('GET', messagesPath(roomId), { query: { ...query } }),
    request: ask,
  };
}

/** Path of the messages of a room. */
export function messagesPath(roomId: number): string {
  return `/api/rooms/${roomId}/messages`;
}

/** @typeParam T type of the API's answer to this request; a test compares it with the OpenAPI document */
export async function request<T>(
  options: ApiOptions,
  method: string,
  path: string,
  call: Call = {},
): Promise<T> {
  const { timeoutMs = TIMEOUT_MS, fetch = globalThis.fetch } = options;
  const { signal, query, idempotencyKey } = call;
  // An empty token keeps cookies out, too: signing in must not depend on a cookie of a client that has tokens.
  const token = call.anonymous ? options.token && '' : options.token;
  // Not AbortSignal.timeout and any(): React Native has neither.
  const ending = new AbortController();
  const end = (): void => ending.abort();
  const timer = setTimeout(end, timeoutMs);
  if (signal?.aborted) end();
  signal?.addEventListener('abort', end);
  // Why the next step may fail. A function for the token sends a request itself.
  let code: ClientErrorCode = 'network';
  try {
    const bearer = await (typeof token === 'function' ? token() : token);
    code = 'exception';
    const url = baseOf(options) + path + (query ? `?${new URLSearchParams(defined(query))}` : '');
    // Undefined without a body.
    const body: string | undefined = JSON.stringify(call.body);
    const init = {
      method,
      headers: defined({
        Authorization: bearer ? `Bearer ${bearer}` : undefined,
        'Content-Type': body && 'application/json',
        'Idempotency-Key': idempotencyKey,
      }),
      body: body ?? null,
      // A token function without a token yet leaves authentication to the cookie.
      credentials: bearer === undefined ? 'include' : 'omit',
    } as const;
    // Throws for arguments that `fetch` rejects with the same error as a failure of the network.
    new Request(url, init);
    code = 'network';
    const response = await fetch(url, { ...init, signal: ending.signal });
    const text = await response.text();
    const answer = parseJson<T>(text);
    if (!response.ok || (text && answer === undefined)) throw failureOf(response, answer);
    call.onHeaders?.(response.headers);
    return answer as T;
  } catch (cause) {
    if (cause instanceof ChorusError) throw cause;
    if (ending.signal.aborted) code = signal?.aborted ? 'aborted' : 'timeout';
    const { location } = globalThis;
    // Browsers give no other sign when CORS hides an answer from the page.
    const hint = code === 'network' && location ? `; is ${location.origin} in ALLOWED_ORIGINS?` : '';
    throw new ChorusError(code, `${code}: ${cause}${hint}`, code !== 'exception', { cause });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', end);
  }
}

/** Options of a list, as a request takes them. */
export function inQuery({ signal, ...query }: CallOptions & object = {}): RequestOptions {
  return { query, signal };
}

/** The address without slashes at its end. */
export function baseOf({ url = '' }: ApiOptions): string {
  return (typeof url === 'function' ? url() : url).replace(/\/+$/, '');
}

export interface Call extends RequestOptions {
  /** Whether it is sent without the token: a token function may itself be about to sign in. */
  readonly anonymous?: true;
  onHeaders?(headers: Headers): void;
}

/** JSON drops undefined values. */
function defined<T>(values: T): Record<string, string> {
  return JSON.parse(JSON.stringify(values));
}
