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
  /** Where Chorus is: `https://chat.example.org`, perhaps with a path before that of the routes. Default: where the page is from. */
  url?: string | (() => string) | undefined;
  /** Sent as `Authorization: Bearer`, and no cookie then; while there is none, browsers send theirs. A function is asked before each request. */
  token?: string | (() => string | undefined | Promise<string | undefined>) | undefined;
  /** Default: the platform's. */
  fetch?: typeof fetch | undefined;
  /** How long an answer may take, in milliseconds. Default: 15 s. */
  timeoutMs?: number | undefined;
}

/**
 * The HTTP API: accounts, rooms and their history.
 *
 * Whatever goes wrong is a {@link ChorusError}. Those with the codes `network`, `timeout` and `aborted` leave open whether
 * the request was carried out; nothing is tried again by itself.
 */
export class ChorusApi {
  readonly #options: ApiOptions;

  constructor(options: ApiOptions = {}) {
    this.#options = options;
  }

  /** Creates an account. @throws {ChorusError} `conflict` if its name or address is taken */
  signUp(
    input: { username: string; email: string; password: string },
    options?: CallOptions,
  ): Promise<Account> {
    return this.#ask('POST', '/api/users/signup', { ...options, body: input, anonymous: true });
  }

  /**
   * In browsers the token becomes a cookie if the page has the origin of Chorus; for all others it is in the answer.
   * @throws {ChorusError} `unauthenticated`
   */
  async signIn(input: { email: string; password: string }, options?: CallOptions): Promise<SignedIn> {
    const body = isElsewhere(this.#base()) ? { ...input, returnToken: true } : input;
    return withToken(await this.#call('POST', '/api/users/signin', { ...options, body, anonymous: true }));
  }

  /** Ends the session: every token and socket of it. */
  async signOut(options?: CallOptions): Promise<void> {
    await this.#ask('POST', '/api/users/logout', options);
  }

  /**
   * Changes the password, ends all other sessions and begins a new one, as {@link signIn} does.
   * @throws {ChorusError} `forbidden` if the current password is wrong
   */
  async changePassword(
    input: { currentPassword: string; newPassword: string },
    options?: CallOptions,
  ): Promise<SignedIn> {
    return withToken(await this.#call('PUT', '/api/users/me/password', { ...options, body: input }));
  }

  /** Ends all sessions of the user, this one as well. */
  async signOutEverywhere(options?: CallOptions): Promise<void> {
    await this.#ask('DELETE', '/api/users/me/sessions', options);
  }

  /** A newer token of the same session, the same way as that of {@link signIn}. */
  async refresh(options?: CallOptions): Promise<Refreshed> {
    return withToken(await this.#call('POST', '/api/users/refresh', options));
  }

  /** Who has signed in. @throws {ChorusError} `unauthenticated` if nobody has, `forbidden` if they are banned */
  me(options?: CallOptions): Promise<Account> {
    return this.#ask('GET', '/api/users/me', options);
  }

  /** One page of the rooms. */
  rooms({
    signal,
    ...query
  }: { cursor?: number | undefined; limit?: number | undefined } & CallOptions = {}): Promise<RoomPage> {
    return this.#ask('GET', '/api/rooms', { query, signal });
  }

  /** Every room, read page by page while they are taken. */
  async *allRooms(options?: CallOptions): AsyncGenerator<RoomInfo, void, void> {
    let cursor: number | null = 0;
    while (cursor !== null) {
      const page: RoomPage = await this.rooms({ ...options, cursor, limit: 100 });
      yield* page.rooms;
      cursor = page.nextCursor;
    }
  }

  /** @throws {ChorusError} `not_found` */
  room(id: number, options?: CallOptions): Promise<RoomInfo> {
    return this.#ask('GET', `/api/rooms/${id}`, options);
  }

  /** @throws {ChorusError} `conflict` if the id is given and taken */
  createRoom(input: { name: string; id?: number | undefined }, options?: CallOptions): Promise<RoomInfo> {
    return this.#ask('POST', '/api/rooms', { ...options, body: input });
  }

  /** @throws {ChorusError} `forbidden` if somebody else made it */
  renameRoom(id: number, name: string, options?: CallOptions): Promise<RoomInfo> {
    return this.#ask('PATCH', `/api/rooms/${id}`, { ...options, body: { name } });
  }

  /** With all that was said in it. @throws {ChorusError} `forbidden` if somebody else made it */
  async deleteRoom(id: number, options?: CallOptions): Promise<void> {
    await this.#ask('DELETE', `/api/rooms/${id}`, options);
  }

  /** One page of what was said in a room. */
  messages(roomId: number, { signal, ...query }: MessageQuery & CallOptions = {}): Promise<MessagePage> {
    return this.#ask('GET', `/api/rooms/${roomId}/messages`, { query, signal });
  }

  /** Who is in a room, on whichever gateway: up to 1,000 of them. */
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

  /** @typeParam T what the API answers to that request: its document says so, and a test holds both together */
  async #call<T>(method: string, path: string, call: Call = {}): Promise<Answered<T>> {
    const { token, timeoutMs = TIMEOUT_MS, fetch = globalThis.fetch } = this.#options;
    const { signal, body, anonymous } = call;
    // Not by AbortSignal.timeout and any(): React Native has neither.
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
      // A client that signs in has none yet: a function may even be about to do just that.
      const bearer = anonymous ? undefined : await (typeof token === 'function' ? token() : token);
      const response = await fetch(this.#base() + path + queryOf(call.query), {
        method,
        headers: {
          ...(bearer === undefined ? {} : { Authorization: `Bearer ${bearer}` }),
          ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        },
        body: body === undefined ? null : JSON.stringify(body),
        // A function without a token yet leaves it to the cookie, but what signs in must not depend on one.
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

/** An address without slashes at its end. */
export function trimmed(url: string): string {
  return url.replace(/\/+$/, '');
}

/** Whether Chorus has another origin than this page, whose cookies it then does not get. Never in Node, which has no pages. */
function isElsewhere(url: string): boolean {
  const { location } = globalThis;
  return location !== undefined && new URL(url, location.href).origin !== location.origin;
}

/** Without what is undefined, which JSON leaves out. */
function queryOf(query: Call['query']): string {
  return query ? `?${new URLSearchParams(JSON.parse(JSON.stringify(query)))}` : '';
}

function withToken<T extends SignedIn>({ body, headers }: Answered<T>): T {
  if (body.token !== undefined) return body;
  // Browsers show this header to no script.
  const token = /(?:^|, )jwt=([^;]+)/.exec(headers.get('set-cookie') ?? '')?.[1];
  return token === undefined ? body : { ...body, token };
}
