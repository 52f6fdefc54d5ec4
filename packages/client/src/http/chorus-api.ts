import { ChorusError } from '../chorus-error.js';
import type {
  Account,
  CallOptions,
  MemberPage,
  MessagePage,
  MessageQuery,
  Refreshed,
  RoomInfo,
  RoomPage,
  SignedIn,
} from './api-types.js';
import { failureOf, noAnswer } from './failure.js';

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

/**
 * The HTTP API: accounts, rooms and their history.
 *
 * Every failure is a {@link ChorusError}. After `network`, `timeout` and `aborted` it is unknown whether the request
 * took effect. No request is retried automatically.
 */
export class ChorusApi {
  readonly #options: ApiOptions;
  /** Settles when the caller has the token that a change of the password brings. */
  #change: Promise<void> | undefined;

  constructor(options: ApiOptions = {}) {
    this.#options = options;
  }

  /** Creates an account. @throws {ChorusError} `conflict` if the name or the address is taken */
  signUp(
    input: { username: string; email: string; password: string },
    options?: CallOptions,
  ): Promise<Account> {
    return this.#ask('POST', '/api/users/signup', { ...options, body: input, anonymous: true });
  }

  /**
   * Signs in. On pages with the origin of Chorus the token becomes a cookie; all other clients receive it in the
   * answer.
   * @throws {ChorusError} `unauthenticated`
   */
  async signIn(input: { email: string; password: string }, options?: CallOptions): Promise<SignedIn> {
    const body = isElsewhere(this.#base()) ? { ...input, returnToken: true } : input;
    return withToken(await this.#call('POST', '/api/users/signin', { ...options, body, anonymous: true }));
  }

  /** Signs out: ends the session with all its tokens and sockets. */
  async signOut(options?: CallOptions): Promise<void> {
    await this.#ask('POST', '/api/users/logout', options);
  }

  /**
   * Changes the password, ends all other sessions and starts a new one. Returns the new token as {@link signIn} does.
   * @throws {ChorusError} `wrong_password`
   */
  async changePassword(
    input: { currentPassword: string; newPassword: string },
    options?: CallOptions,
  ): Promise<SignedIn> {
    const change = this.#call<SignedIn>('PUT', '/api/users/me/password', { ...options, body: input });
    const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
    this.#change = change.then(settled, settled);
    return withToken(await change);
  }

  /** Ends all sessions of the user, including this one. */
  async signOutEverywhere(options?: CallOptions): Promise<void> {
    await this.#ask('DELETE', '/api/users/me/sessions', options);
  }

  /**
   * Returns a newer token of the current session, as {@link signIn} does. Waits for a {@link changePassword} in progress: the current
   * session ends by it, and sockets may end before its answer arrives.
   */
  async refresh(options?: CallOptions): Promise<Refreshed> {
    await this.#change;
    return withToken(await this.#call('POST', '/api/users/refresh', options));
  }

  /**
   * Returns the account of the signed-in user. @throws {ChorusError} `unauthenticated` without a valid session,
   * `user_banned`
   */
  me(options?: CallOptions): Promise<Account> {
    return this.#ask('GET', '/api/users/me', options);
  }

  /** Returns one page of the rooms. */
  rooms({
    signal,
    ...query
  }: { cursor?: number | undefined; limit?: number | undefined } & CallOptions = {}): Promise<RoomPage> {
    return this.#ask('GET', '/api/rooms', { query, signal });
  }

  /** Returns all rooms, reading page after page on demand. */
  async *allRooms(options?: CallOptions): AsyncGenerator<RoomInfo, void, void> {
    let cursor: number | null = 0;
    while (cursor !== null) {
      const page: RoomPage = await this.rooms({ ...options, cursor, limit: 100 });
      yield* page.rooms;
      cursor = page.nextCursor;
    }
  }

  /** @throws {ChorusError} `room_not_found` */
  room(id: number, options?: CallOptions): Promise<RoomInfo> {
    return this.#ask('GET', `/api/rooms/${id}`, options);
  }

  /** @throws {ChorusError} `conflict` if an id is given and taken */
  createRoom(input: { name: string; id?: number | undefined }, options?: CallOptions): Promise<RoomInfo> {
    return this.#ask('POST', '/api/rooms', { ...options, body: input });
  }

  /** @throws {ChorusError} `not_room_creator` */
  renameRoom(id: number, name: string, options?: CallOptions): Promise<RoomInfo> {
    return this.#ask('PATCH', `/api/rooms/${id}`, { ...options, body: { name } });
  }

  /** Deletes a room and its messages. @throws {ChorusError} `not_room_creator` */
  async deleteRoom(id: number, options?: CallOptions): Promise<void> {
    await this.#ask('DELETE', `/api/rooms/${id}`, options);
  }

  /** Returns one page of a room's history. */
  messages(roomId: number, { signal, ...query }: MessageQuery & CallOptions = {}): Promise<MessagePage> {
    return this.#ask('GET', `/api/rooms/${roomId}/messages`, { query, signal });
  }

  /** Returns one page of the members who are present in a room, on any gateway: up to 1,000. */
  async members(
    roomId: number,
    { signal, ...query }: { after?: number | undefined } & CallOptions = {},
  ): Promise<MemberPage> {
    const { body, headers } = await this.#call<MemberPage['members']>('GET', `/ws/get-clients/${roomId}`, {
      query,
      signal,
    });
    const next = /[?&]after=(\d+)/.exec(headers.get('link') ?? '')?.[1];
    return { members: body, next: next === undefined ? null : Number(next) };
  }

  async #ask<T>(method: string, path: string, call?: Call): Promise<T> {
    return (await this.#call<T>(method, path, call)).body;
  }

  /** @typeParam T type of the API's answer to this request; a test compares it with the OpenAPI document */
  async #call<T>(method: string, path: string, call: Call = {}): Promise<Answered<T>> {
    const { token, timeoutMs = TIMEOUT_MS, fetch = globalThis.fetch } = this.#options;
    const { signal, body, anonymous } = call;
    // Not AbortSignal.timeout and any(): React Native has neither.
    const ending = new AbortController();
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      ending.abort();
    }, timeoutMs);
    const abort = (): void => ending.abort();
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort);
    try {
      // A client that signs in has no token yet: a token function may itself be about to sign in.
      const bearer = anonymous ? undefined : await (typeof token === 'function' ? token() : token);
      const response = await fetch(this.#base() + path + queryOf(call.query), {
        method,
        headers: {
          ...(bearer === undefined ? {} : { Authorization: `Bearer ${bearer}` }),
          ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        },
        body: body === undefined ? null : JSON.stringify(body),
        // A token function without a token yet leaves authentication to the cookie; signing in must not depend on
        // one.
        credentials: bearer === undefined && (token === undefined || !anonymous) ? 'include' : 'omit',
        signal: ending.signal,
      });
      const text = await response.text();
      if (!response.ok) throw failureOf(response, text);
      return { headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
    } catch (error) {
      if (error instanceof ChorusError) throw error;
      if (error instanceof SyntaxError) {
        throw new ChorusError('bad_answer', 'the answer is not JSON', false, { cause: error });
      }
      throw noAnswer(error, signal?.aborted ? 'aborted' : late ? 'timeout' : 'network');
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    }
  }

  #base(): string {
    const { url = '' } = this.#options;
    return trimmed(typeof url === 'function' ? url() : url);
  }
}

interface Call extends CallOptions {
  query?: Readonly<Record<string, string | number | undefined>> | undefined;
  body?: unknown;
  anonymous?: boolean;
}

interface Answered<T> {
  readonly headers: Headers;
  readonly body: T;
}

/** Removes slashes at the end of an address. */
export function trimmed(url: string): string {
  return url.replace(/\/+$/, '');
}

/**
 * Whether Chorus has another origin than this page, so that it does not get the page's cookies. Always false in Node.
 */
function isElsewhere(url: string): boolean {
  const { location } = globalThis;
  return location !== undefined && new URL(url, location.href).origin !== location.origin;
}

/** JSON drops undefined values. */
function queryOf(query: Call['query']): string {
  return query ? `?${new URLSearchParams(JSON.parse(JSON.stringify(query)))}` : '';
}

function withToken<T extends SignedIn>({ body, headers }: Answered<T>): T {
  if (body.token !== undefined) return body;
  // Browsers hide this header from scripts.
  const token = /(?:^|, )jwt=([^;]+)/.exec(headers.get('set-cookie') ?? '')?.[1];
  return token === undefined ? body : { ...body, token };
}
