import {
  type AccessChange,
  type AccessChanges,
  type AccessList,
  type AccessRestoration,
  type AccessVerdict,
  type Ban,
  banKey,
  REVOKED_SLACK_MS,
  type Revocation,
  type RoomSubject,
  type RoomVerdict,
  revocationIds,
  type Subject,
} from '../access-list.js';
import { MemoryMembershipList } from './membership-list.js';

/** Number of changes that are kept for copies. */
const LOG_LENGTH = 10_000;

/** The access list within one process. It never loses data, so an empty list is complete. */
export class MemoryAccessList implements AccessList {
  readonly #revoked = new Map<string, number>();
  #bans = new Map<string, Ban>();
  /** The latest changes, and how many there were before them. */
  readonly #log: AccessChange[] = [];
  #forgotten = 0;

  /** @param now returns milliseconds since 1970 */
  constructor(
    private readonly now: () => number = Date.now,
    readonly memberships: MemoryMembershipList = new MemoryMembershipList(now),
  ) {}

  async beginRestoration(): Promise<AccessRestoration> {
    return { complete: async () => {} };
  }

  async check(subjects: readonly Subject[]): Promise<AccessVerdict[]> {
    return subjects.map((subject) => {
      const { userId, roomId } = subject;
      if (revocationIds(subject).some((id) => this.#revoked.has(id))) return 'revoked';
      if (this.#holds(banKey({ userId }))) return 'banned';
      return roomId !== undefined && this.#holds(banKey({ userId, roomId })) ? 'banned-from-room' : 'ok';
    });
  }

  async checkRooms(subjects: readonly RoomSubject[]): Promise<RoomVerdict[]> {
    const verdicts = await this.check(subjects);
    return subjects.map(({ userId, roomId }, at) => ({
      verdict: verdicts[at] ?? 'ok',
      ...this.memberships.of(userId, roomId),
    }));
  }

  async roomsOf(userId: number): Promise<number[]> {
    const held = [...(await this.memberships.ofUser(userId))];
    const rooms = held.flatMap(([roomId, { role }]) => (role === 'none' ? [] : [roomId]));
    return rooms.filter((roomId) => !this.#holds(banKey({ userId, roomId })));
  }

  async changesAfter(position: string | undefined): Promise<AccessChanges | undefined> {
    const end = this.#forgotten + this.#log.length;
    const from = position === undefined ? end : Number(position);
    if (from < this.#forgotten) return undefined;
    return { changes: this.#log.slice(from - this.#forgotten), position: String(end) };
  }

  async *entries(): AsyncGenerator<readonly AccessChange[]> {
    yield [...this.#bans.values()].map((ban) => ({ type: 'banned', ban }));
    yield [...this.#revoked].map(([tokenId, expiresAt]) => ({ type: 'revoked', tokenId, expiresAt }));
  }

  async revoke(tokenId: string, expiresAt: number): Promise<void> {
    const forgotten = this.now() - REVOKED_SLACK_MS;
    for (const [id, end] of this.#revoked) if (end <= forgotten) this.#revoked.delete(id);
    this.#remember({ tokenId, expiresAt });
  }

  async addRevocations(revocations: readonly Revocation[]): Promise<Revocation[]> {
    const missing = revocations.filter(({ tokenId }) => !this.#revoked.has(tokenId));
    for (const revocation of revocations) this.#remember(revocation);
    return missing;
  }

  async ban(ban: Ban): Promise<void> {
    this.#bans.set(banKey(ban), ban);
    this.#note({ type: 'banned', ban });
  }

  async lift(ban: Pick<Ban, 'userId' | 'roomId'>): Promise<void> {
    this.#bans.delete(banKey(ban));
    this.#note({ type: 'lifted', ban });
  }

  async replaceBans(bans: readonly Ban[]): Promise<Ban[]> {
    const before = this.#bans;
    this.#bans = new Map(bans.map((ban) => [banKey(ban), ban]));
    for (const [key, ban] of before) if (!this.#bans.has(key)) this.#note({ type: 'lifted', ban });
    for (const ban of bans) this.#note({ type: 'banned', ban });
    return bans.filter((ban) => before.get(banKey(ban))?.until !== ban.until || !before.has(banKey(ban)));
  }

  /** Number of tokens that are remembered as revoked. */
  get revocations(): number {
    return this.#revoked.size;
  }

  #remember({ tokenId, expiresAt }: Revocation): void {
    this.#revoked.set(tokenId, Math.max(expiresAt, this.#revoked.get(tokenId) ?? 0));
    this.#note({ type: 'revoked', tokenId, expiresAt });
  }

  #note(change: AccessChange): void {
    if (this.#log.push(change) <= LOG_LENGTH) return;
    this.#forgotten += this.#log.length;
    this.#log.length = 0;
  }

  #holds(key: string): boolean {
    const ban = this.#bans.get(key);
    return ban !== undefined && (ban.until ?? Number.POSITIVE_INFINITY) > this.now();
  }
}
