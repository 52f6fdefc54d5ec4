import {
  acceptInvite,
  type ChorusApi,
  createInvite,
  findUsers,
  type Invite,
  type InvitePage,
  listInvites,
  type Member,
  openDirectRoom,
  putMember,
  removeMember,
  revokeInvite,
} from '@chorus/client';
import type { RoomList } from './room-list.js';

/** What a user does about rooms. All of it rejects with a {@link ChorusError}. */
export class RoomActions {
  readonly #api: ChorusApi;
  readonly #rooms: RoomList;
  readonly #me: Member;

  constructor(api: ChorusApi, rooms: RoomList, me: Member) {
    this.#api = api;
    this.#rooms = rooms;
    this.#me = me;
  }

  /** Finds other users by the beginning of their names. */
  async findUsers(start: string): Promise<readonly Member[]> {
    return (await findUsers(this.#api, start)).filter(({ id }) => id !== this.#me.id);
  }

  /** Finds or creates the direct room with these users. @returns its id */
  async openDirect(users: readonly Member[]): Promise<number> {
    const ids = users.map(({ id }) => id);
    const room = await openDirectRoom(this.#api, ids);
    this.#rooms.note(room);
    return room.id;
  }

  /** Becomes a member by an invitation. @returns id of the room */
  async accept(code: string): Promise<number> {
    const room = await acceptInvite(this.#api, code);
    this.#rooms.note(room);
    return room.id;
  }

  /** Becomes a member of a public room. */
  async follow(roomId: number): Promise<void> {
    const { role } = await putMember(this.#api, roomId, this.#me.id);
    this.#rooms.update(roomId, { role });
  }

  /** Ends the own membership. */
  async leave(roomId: number): Promise<void> {
    await removeMember(this.#api, roomId, this.#me.id);
    if (this.#rooms.rooms.value.get(roomId)?.kind === 'public') this.#rooms.update(roomId, { role: null });
    else this.#rooms.forget(roomId);
  }

  invite(roomId: number, expiresInSeconds: number, maxUses: number): Promise<Invite> {
    return createInvite(this.#api, roomId, { expiresInSeconds, maxUses });
  }

  /** Returns the invitations of a room that can still be accepted, newest first. */
  async invites(roomId: number): Promise<readonly Invite[]> {
    const all: Invite[] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page: InvitePage = await listInvites(this.#api, roomId, { cursor, limit: 100 });
      all.push(...page.invites);
      cursor = page.nextCursor;
    }
    return all.sort((a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt));
  }

  revoke({ roomId, code }: Invite): Promise<void> {
    return revokeInvite(this.#api, roomId, code);
  }
}
