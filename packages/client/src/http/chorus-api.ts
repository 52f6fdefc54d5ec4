import type {
  Account,
  CallOptions,
  MemberPage,
  MessagePage,
  MessageQuery,
  NewRoom,
  PageOptions,
  Profile,
  Refreshed,
  RequestOptions,
  RoomInfo,
  RoomPage,
  RoomSettings,
  SignedIn,
} from './api-types.js';
import { type ApiOptions, baseOf, inQuery, messagesPath, request } from './request.js';

export type { ApiOptions } from './request.js';

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
    return request(this.#options, 'POST', '/api/users/signup', { ...options, body: input, anonymous: true });
  }

  /**
   * Signs in. On pages with the origin of Chorus the token becomes a cookie; all other clients receive it in the
   * answer.
   * @throws {ChorusError} `unauthenticated`
   */
  async signIn(input: { email: string; password: string }, options?: CallOptions): Promise<SignedIn> {
    const body = { ...input, returnToken: isElsewhere(baseOf(this.#options)) || undefined };
    return request(this.#options, 'POST', '/api/users/signin', { ...options, body, anonymous: true });
  }

  /** Signs out: ends the session with all its tokens and sockets. */
  async signOut(options?: CallOptions): Promise<void> {
    await this.request('POST', '/api/users/logout', options);
  }

  /**
   * Changes the password, ends all other sessions and starts a new one. Returns the new token as {@link signIn} does.
   * @throws {ChorusError} `wrong_password`
   */
  async changePassword(
    input: { currentPassword: string; newPassword: string },
    options?: CallOptions,
  ): Promise<SignedIn> {
    const change = this.request<SignedIn>('PUT', '/api/users/me/password', { ...options, body: input });
    const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
    this.#change = change.then(settled, settled);
    return change;
  }

  /** Ends all sessions of the user, including this one. */
  async signOutEverywhere(options?: CallOptions): Promise<void> {
    await this.request('DELETE', '/api/users/me/sessions', options);
  }

  /**
   * Returns a newer token of the current session, as {@link signIn} does. Waits for a {@link changePassword} in progress: the current
   * session ends by it, and sockets may end before its answer arrives.
   */
  async refresh(options?: CallOptions): Promise<Refreshed> {
    await this.#change;
    return this.request('POST', '/api/users/refresh', options);
  }

  /**
   * Returns the account of the signed-in user. @throws {ChorusError} `unauthenticated` without a valid session,
   * `user_banned`
   */
  me(options?: CallOptions): Promise<Profile> {
    return this.request('GET', '/api/users/me', options);
  }

  /** Returns one page of the rooms. */
  rooms(options?: PageOptions): Promise<RoomPage> {
    return this.request('GET', '/api/rooms', inQuery(options));
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
    return this.request('GET', `/api/rooms/${id}`, options);
  }

  /** @throws {ChorusError} `conflict` if an id is given and taken */
  createRoom(input: NewRoom, options?: CallOptions): Promise<RoomInfo> {
    return this.request('POST', '/api/rooms', { ...options, body: input });
  }

  /** Changes the name, the topic or the slow mode of a room. @throws {ChorusError} `not_room_creator`, `role_required` */
  changeRoom(id: number, settings: RoomSettings, options?: CallOptions): Promise<RoomInfo> {
    return this.request('PATCH', `/api/rooms/${id}`, { ...options, body: settings });
  }

  /** @throws {ChorusError} `not_room_creator` */
  renameRoom(id: number, name: string, options?: CallOptions): Promise<RoomInfo> {
    return this.changeRoom(id, { name }, options);
  }

  /** Deletes a room and its messages. @throws {ChorusError} `not_room_creator` */
  async deleteRoom(id: number, options?: CallOptions): Promise<void> {
    await this.request('DELETE', `/api/rooms/${id}`, options);
  }

  /** Returns one page of a room's history. */
  messages(roomId: number, options?: MessageQuery & CallOptions): Promise<MessagePage> {
    return this.request('GET', messagesPath(roomId), inQuery(options));
  }

  /** Returns one page of the members who are present in a room, on any gateway: up to 1,000. */
  async members(roomId: number, options?: { after?: number | undefined } & CallOptions): Promise<MemberPage> {
    let link = '';
    const onHeaders = (headers: Headers): void => {
      link = headers.get('link') ?? '';
    };
    const call = { ...inQuery(options), onHeaders };
    const members = await request<MemberPage['members']>(
      this.#options,
      'GET',
      `/ws/get-clients/${roomId}`,
      call,
    );
    return { members, next: Number(/[?&]after=(\d+)/.exec(link)?.[1]) || null };
  }

  /**
   * Sends a request to a route that has no method here. Resolves with the JSON of the answer.
   * @typeParam T type of the answer
   * @param path from `/api/` on
   */
  request<T>(method: string, path: string, options?: RequestOptions): Promise<T> {
    return request(this.#options, method, path, options);
  }
}

/** Whether the client gets no cookies of Chorus: on pages of another origin, and outside of browsers. */
function isElsewhere(url: string): boolean {
  const { location } = globalThis;
  return !location || new URL(url, location.href).origin !== location.origin;
}
