import {
  type ChorusApi,
  listMembers,
  type Member,
  type MemberChange,
  muteMember,
  putMember,
  type RoomMember,
  type RoomRole,
  removeMember,
} from '@chorus/client';
import { signal } from '@preact/signals';

/** Members per request. */
const PAGE = 100;

/** `partial`: more can be read. */
export type MembersState = 'unread' | 'loading' | 'partial' | 'complete' | 'failed';

/** The members of a room, present or not: read page by page, and kept current by the changes of the room. */
export class RoomMembers {
  readonly state = signal<MembersState>('unread');
  /** In ascending order of id. Includes muted users of a public room who are no members. */
  readonly members = signal<readonly RoomMember[]>([]);
  readonly #api: ChorusApi;
  readonly #roomId: number;
  #next: number | null | undefined;

  constructor(api: ChorusApi, roomId: number) {
    this.#api = api;
    this.#roomId = roomId;
  }

  find(userId: number): RoomMember | undefined {
    return this.members.value.find(({ id }) => id === userId);
  }

  /** Reads the first page, unless it was read. */
  async begin(): Promise<void> {
    if (/^(unread|failed)$/.test(this.state.value)) await this.more();
  }

  /** Reads the next page. */
  async more(): Promise<void> {
    if (/^(loading|complete)$/.test(this.state.value)) return;
    this.state.value = 'loading';
    try {
      const cursor = this.#next ?? undefined;
      const page = await listMembers(this.#api, this.#roomId, { limit: PAGE, cursor });
      this.#next = page.nextCursor;
      this.#put(page.members);
      this.state.value = page.nextCursor === null ? 'complete' : 'partial';
    } catch {
      this.state.value = 'failed';
    }
  }

  /** Applies a change that the room delivered. */
  apply(change: MemberChange): void {
    if (this.state.value === 'unread') return;
    const { id } = change.member;
    const known = this.find(id) ?? { ...change.member, role: null, joinedAt: null, mutedUntil: null };
    if (change.change === 'member-removed') this.#remove(id);
    else if (change.change === 'member-added') {
      const joinedAt = new Date(change.sentAt).toISOString();
      this.#put([{ ...known, role: change.role ?? 'member', joinedAt }]);
    } else {
      const { role = known.role, mutedUntil } = change;
      const until = typeof mutedUntil === 'number' ? new Date(mutedUntil).toISOString() : mutedUntil;
      this.#put([{ ...known, role, mutedUntil: until === undefined ? known.mutedUntil : until }]);
    }
  }

  /** Adds a member, or changes the role of one. @throws {ChorusError} (rejects) */
  async put({ id }: Member, role: RoomRole = 'member'): Promise<void> {
    this.#put([await putMember(this.#api, this.#roomId, id, role)]);
  }

  /** @throws {ChorusError} (rejects) */
  async remove({ id }: Member): Promise<void> {
    await removeMember(this.#api, this.#roomId, id);
    this.#remove(id);
  }

  /** @param seconds 0 ends the mute @throws {ChorusError} (rejects) */
  async mute({ id }: Member, seconds: number): Promise<void> {
    this.#put([await muteMember(this.#api, this.#roomId, id, seconds)]);
  }

  #put(members: readonly RoomMember[]): void {
    const byId = new Map(this.members.value.map((member) => [member.id, member]));
    for (const member of members) byId.set(member.id, member);
    this.members.value = [...byId.values()].sort((a, b) => a.id - b.id);
  }

  #remove(userId: number): void {
    this.members.value = this.members.value.filter(({ id }) => id !== userId);
  }
}
