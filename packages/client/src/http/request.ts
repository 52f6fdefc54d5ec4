import { ChorusError } from '../chorus-error.js';
import type { HistorySource } from '../options.js';
import type { RequestOptions } from './api-types.js';
import { type CodesByStatus, failureOf } from './failure.js';

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
  const ask = async <T>(method: string, path: string, call?: Call): Promise<T> =>
    (await request<T>(options, method, path, call)).body;
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
): Promise<Answered<T>> {
  const { token, timeoutMs = TIMEOUT_MS, fetch = globalThis.fetch } = options;
  const { signal, body, idempotencyKey } = call;
  // Not AbortSignal.timeout and any(): React Native has neither.
  const ending = new AbortController();
  let code: 'network' | 'timeout' | 'aborted' = 'network';
  const end = (why: typeof code): void => {
    code = why;
    ending.abort();
  };
  const abort = (): void => end('aborted');
  const timer = setTimeout(end, timeoutMs, 'timeout');
  if (signal?.aborted) abort();
  signal?.addEventListener('abort', abort);
  try {
    const bearer = await (typeof token === 'function' ? token() : token);
    const response = await fetch(baseOf(options) + path + queryOf(call.query), {
      method,
      headers: {
        ...(bearer === undefined ? {} : { Authorization: `Bearer ${bearer}` }),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(idempotencyKey === undefined ? {} : { 'Idempotency-Key': idempotencyKey }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      // A token function without a token yet leaves authentication to the cookie.
      credentials: call.credentials ?? (bearer === undefined ? 'include' : 'omit'),
      signal: ending.signal,
    });
    const text = await response.text();
    if (!response.ok) throw failureOf(response, text, call.codes);
    return { headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
  } catch (error) {
    if (error instanceof ChorusError) throw error;
    const isText = error instanceof SyntaxError;
    throw new ChorusError(
      isText ? 'bad_answer' : code,
      isText ? 'the answer is not JSON' : `no answer: ${code}`,
      !isText,
      { cause: error },
    );
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

/** The address without slashes at its end. */
export function baseOf({ url = '' }: ApiOptions): string {
  return (typeof url === 'function' ? url() : url).replace(/\/+$/, '');
}

export interface Call extends RequestOptions {
  /** Default: cookies are sent if there is no token. */
  credentials?: 'include' | 'omit' | undefined;
  codes?: CodesByStatus | undefined;
}

export interface Answered<T> {
  readonly headers: Headers;
  readonly body: T;
}

/** JSON drops undefined values. */
function queryOf(query: Call['query']): string {
  return query ? `?${new URLSearchParams(JSON.parse(JSON.stringify(query)))}` : '';
}
