import { UnavailableError } from '@chorus/redis';
import type { RoomVerdict } from '../access-list.js';
import type {
  Membership,
  MembershipChange,
  MembershipList,
  MembershipRestoration,
  SlowMode,
  UserMemberships,
} from '../membership-list.js';

interface Turn {
  readonly messageId: string;
  readonly endsAt: number;
}

/** The memberships within one process. They are complete once the API has restored them from PostgreSQL. */
export class MemoryMembershipList implements MembershipList {
  readonly #users = new Map<number, Map<number, Membership>>();
  #slowModes = new Map<number, number>();
  readonly #turns = new Map<string, Turn>();
  #complete = false;

  /** @param now returns milliseconds since 1970 */
  constructor(private readonly now: () => number = Date.now) {}

  async change(changes: readonly MembershipChange[]): Promise<void> {
    for (const { userId, roomId, membership } of changes) {
      const rooms = this.#users.get(userId) ?? new Map<number, Membership>();
      if (membership === undefined) rooms.delete(roomId);
      else rooms.set(roomId, membership);
      if (rooms.size > 0) this.#users.set(userId, rooms);
      else this.#users.delete(userId);
    }
  }

  async setSlowMode({ roomId, seconds }: SlowMode): Promise<void> {
    if (seconds > 0) this.#slowModes.set(roomId, seconds);
    else this.#slowModes.delete(roomId);
  }

  async isComplete(): Promise<boolean> {
    return this.#complete;
  }

  async beginRestoration(): Promise<MembershipRestoration> {
    return {
      users: async (users: readonly UserMemberships[]) => {
        for (const { userId, memberships } of users) this.#users.set(userId, new Map(memberships));
      },
      slowModes: async (slowModes) => {
        this.#slowModes = new Map(slowModes.map(({ roomId, seconds }) => [roomId, seconds]));
      },
      complete: async () => {
        this.#complete = true;
      },
    };
  }

  async ofUser(userId: number): Promise<Map<number, Membership>> {
    if (!this.#complete) throw new UnavailableError('the memberships are not complete yet');
    return new Map(this.#users.get(userId));
  }

  async takeTurn(userId: number, roomId: number, seconds: number, messageId: string): Promise<number> {
    const now = this.now();
    for (const [key, { endsAt }] of this.#turns) {
      if (endsAt > now) break;
      this.#turns.delete(key);
    }
    const key = `${roomId}:${userId}`;
    const turn = this.#turns.get(key);
    if (turn !== undefined && turn.endsAt > now) return turn.messageId === messageId ? 0 : turn.endsAt - now;
    this.#turns.delete(key);
    this.#turns.set(key, { messageId, endsAt: now + seconds * 1_000 });
    return 0;
  }

  /** What `AccessList.checkRooms` returns of a user and a room. */
  of(userId: number, roomId: number): Omit<RoomVerdict, 'verdict'> {
    if (!this.#complete) return { membership: undefined, slowModeSeconds: 0 };
    const membership = this.#users.get(userId)?.get(roomId) ?? ({ role: 'none' } as const);
    return { membership, slowModeSeconds: this.#slowModes.get(roomId) ?? 0 };
  }
}
