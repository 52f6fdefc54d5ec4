import type { RoomDirectory } from '@chorus/broker';
import { type Member, Refusal } from '@chorus/protocol';
import { type Closeable, type Logger, RepeatedWork } from '@chorus/service';
import type { RoomChanges } from '../members/room-changes.js';
import type { RoomTransaction } from '../members/room-transaction.js';
import type { Outbox } from '../outbox/outbox.js';
import type { SessionService } from '../sessions/service.js';
import type { Deletion, DeletionRepository } from './deletion-repository.js';

export interface UserDeletionsParts {
  readonly deletions: DeletionRepository;
  readonly sessions: Pick<SessionService, 'end'>;
  readonly changes: RoomChanges;
  readonly outbox: Pick<Outbox, 'deliver'>;
  readonly directory: Pick<RoomDirectory, 'announce'>;
  readonly log: Logger;
}

/** Time between two looks at deletions that were left incomplete, in milliseconds. */
const INTERVAL_MS = 1_000;
/** Deletions in one look. */
const DELETIONS_AT_ONCE = 100;
/** Rooms that a request leaves. APIs leave the rest in the background. */
const ROOMS_AT_ONCE = 200;

/**
 * Deletes users. One transaction deletes the account; then gateways learn that the sessions have ended, and the user leaves each room in a
 * transaction of its own. All steps can be repeated: each API completes deletions that a crash or an outage has left.
 */
export class UserDeletions implements Closeable {
  readonly #work: RepeatedWork;

  constructor(private readonly parts: UserDeletionsParts) {
    const texts = { failing: 'deletions of users are incomplete', works: 'deletions of users are complete' };
    this.#work = new RepeatedWork({
      run: () => this.sweep(),
      intervalMs: INTERVAL_MS,
      texts,
      log: parts.log,
    });
  }

  start(): void {
    this.#work.start();
  }

  /** Stops after the current room. */
  close(): Promise<void> {
    return this.#work.close();
  }

  /**
   * Deletes a user. When it resolves, the sessions have ended, and the user has left all rooms, or the first of very many.
   * @throws {Refusal} 404 there is no such user
   * @throws {UnavailableError} or what the database throws: unless the account still exists, {@link sweep} completes the deletion
   */
  async delete(userId: number): Promise<void> {
    const { deletions } = this.parts;
    if (!(await deletions.begin(userId))) throw new Refusal('user_not_found');
    const deletion = await deletions.find(userId);
    if (deletion !== undefined) await this.#continue(deletion);
  }

  /** Continues deletions that were left incomplete. A deletion that fails does not hold up others. */
  async sweep(): Promise<void> {
    let failure: unknown;
    for (const userId of await this.parts.deletions.abandoned(DELETIONS_AT_ONCE)) {
      if (this.#work.closed) return;
      try {
        const deletion = await this.parts.deletions.find(userId);
        if (deletion !== undefined) await this.#continue(deletion);
      } catch (error) {
        failure = error;
      }
    }
    if (failure !== undefined) throw failure;
  }

  async #continue({ user, tokenIds, settled }: Deletion): Promise<void> {
    const { deletions, sessions, directory } = this.parts;
    if (tokenIds !== undefined) {
      for (const tokenId of tokenIds) await sessions.end(tokenId);
      // With AUTH=open sockets have no token.
      await directory.announce({ type: 'user-disconnected', userId: user.id });
      await deletions.sessionsEnded(user.id);
    }
    const rooms = await deletions.rooms(user.id, ROOMS_AT_ONCE);
    for (const roomId of rooms) {
      if (this.#work.closed) return;
      await this.#leave(roomId, user);
    }
    if (settled && rooms.length === 0) await deletions.complete(user.id);
  }

  async #leave(roomId: number, user: Member): Promise<void> {
    const { changes, outbox } = this.parts;
    await changes.inRoom(roomId, async (room) => {
      if (room === undefined) return;
      const role = await room.membershipOf(user.id);
      if (role === 'owner') await handOver(room, user);
      await room.mute(user.id, 0);
      if (role === 'none') {
        await room.mirror([[user.id, 'none', null]]);
        return;
      }
      await room.removeMember(user.id);
      await room.record(user, { change: 'member-removed', member: user }, user.id);
    });
    await outbox.deliver(roomId);
  }
}

/** Makes another member the owner if the user is the last one. A room without other members stays without an owner. */
async function handOver(room: RoomTransaction, user: Member): Promise<void> {
  if (await room.hasOtherOwner(user.id)) return;
  const member = await room.heirOf(user.id);
  if (member === undefined) return;
  await room.putMember(member.id, 'owner');
  await room.record(user, { change: 'member-changed', member, role: 'owner' }, member.id);
}
