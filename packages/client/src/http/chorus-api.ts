import { ChorusError } from '../chorus-error.js';
import type {
  Account,
  CallOptions,
  MemberPage,
  MessagePage,
  MessageQuery,
  NewRoom,
  PageOptions,
  Refreshed,
  RequestOptions,
  RoomInfo,
  RoomPage,
  RoomSettings,
  SignedIn,
} from './api-types.js';
import type { CodesByStatus } from './failure.js';
import { type Answered, type ApiOptions, baseOf, type Call, messagesPath, request } from './request.js';

export type { ApiOptions } from './request.js';

/** For responses without a code: those of the routes of the original service. */
const CODES: CodesByStatus = {
  400: 'bad_request',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not_found',
  408: 'timeout',
  409: 'conflict',
  413: 'bad_request',
  415: 'bad_request',
  429: 'too_many_requests',
  500: 'internal',
};

/** A request that signs a user up or in. */
interface ApiCall extends Call {
  /** Whether it is sent without the token: a token function may itself be about to sign in. */
  anonymous?: boolean;
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
    const body = isElsewhere(baseOf(this.#options)) ? { ...input, returnToken: true } : input;
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
    const change = this.#call<SignedIn>('PUT', '/api/users/me/password', {
      ...options,
      body: input,
    });
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
  rooms({ signal, ...query }: PageOptions = {}): Promise<RoomPage> {
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
  createRoom(input: NewRoom, options?: CallOptions): Promise<RoomInfo> {
    return this.#ask('POST', '/api/rooms', { ...options, body: input });
  }

  /** Changes the name, the topic or the slow mode of a room. @throws {ChorusError} `not_room_creator`, `role_required` */
  changeRoom(id: number, settings: RoomSettings, options?: CallOptions): Promise<RoomInfo> {
    return this.#ask('PATCH', `/api/rooms/${id}`, { ...options, body: settings });
  }

  /** @throws {ChorusError} `not_room_creator` */
  renameRoom(id: number, name: string, options?: CallOptions): Promise<RoomInfo> {
    return this.changeRoom(id, { name }, options);
  }

  /** Deletes a room and its messages. @throws {ChorusError} `not_room_creator` */
  async deleteRoom(id: number, options?: CallOptions): Promise<void> {
    await this.#ask('DELETE', `/api/rooms/${id}`, options);
  }

  /** Returns one page of a room's history. */
  messages(roomId: number, { signal, ...query }: MessageQuery & CallOptions = {}): Promise<MessagePage> {
    return this.#ask('GET', messagesPath(roomId), { query, signal });
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

  /**
   * Sends a request to a route that has no method here. Resolves with the JSON of the answer.
   * @typeParam T type of the answer
   * @param path from `/api/` on
   */
  request<T>(method: string, path: string, options?: RequestOptions): Promise<T> {
    return this.#ask(method, path, options);
  }

  async #ask<T>(method: string, path: string, call?: ApiCall): Promise<T> {
    return (await this.#call<T>(method, path, call)).body;
  }

  /** @typeParam T type of the API's answer to this request; a test compares it with the OpenAPI document */
  async #call<T>(method: string, path: string, { anonymous, ...call }: ApiCall = {}): Promise<Answered<T>> {
    const options = this.#options;
    const from = anonymous ? { ...options, token: undefined } : options;
    // Signing in must not depend on a cookie of a client that has tokens.
    const credentials = anonymous && options.token !== undefined ? ('omit' as const) : undefined;
    try {
      return await request<T>(from, method, path, { ...call, credentials, codes: CODES });
    } catch (error) {
      const { location } = globalThis;
      if (!(error instanceof ChorusError) || error.code !== 'network' || location === undefined) throw error;
      // Browsers give no other sign when CORS hides an answer from the page.
      const hint = `if Chorus runs, does its ALLOWED_ORIGINS list ${location.origin}?`;
      throw new ChorusError('network', `${error.message}; ${hint}`, true, { cause: error.cause });
    }
  }
}

/**
 * Whether Chorus has another origin than this page, so that it does not get the page's cookies. Always false in Node.
 */
function isElsewhere(url: string): boolean {
  const { location } = globalThis;
  return location !== undefined && new URL(url, location.href).origin !== location.origin;
}

function withToken<T extends SignedIn>({ body, headers }: Answered<T>): T {
  if (body.token !== undefined) return body;
  // Browsers hide this header from scripts.
  const token = /(?:^|, )jwt=([^;]+)/.exec(headers.get('set-cookie') ?? '')?.[1];
  return token === undefined ? body : { ...body, token };
}
