import type { RoomDirectory } from '@chorus/broker';
import type { AccessList, Ban } from '@chorus/control';
import { Refusal } from '@chorus/protocol';
import type { Logger } from '@chorus/service';
import type { BanRepository, NewBan, StoredBan } from './repository.js';

/**
 * The bans of users. PostgreSQL owns them; gateways and the API ask the access list, which is kept equal to it. A
 * change is made in both while a lock in PostgreSQL is held, the access list first: when either fails the response is
 * an error, and the request can be repeated. `bringIn` repairs differences that a crash leaves.
 */
export class BanService {
  constructor(
    private readonly bans: BanRepository,
    private readonly access: AccessList,
    private readonly directory: Pick<RoomDirectory, 'announce'>,
    private readonly log: Logger,
  ) {}

  /**
   * Adds a ban, or changes the existing one. Open sockets stay open until {@link endSockets}.
   * @throws {Refusal} 404 there is no such room
   */
  async ban(ban: NewBan): Promise<StoredBan> {
    return this.bans.exclusively(async (changes) => {
      const put = await changes.put(ban);
      if (put === undefined) throw new Refusal('room_not_found');
      await this.access.ban(listed(put));
      return put;
    });
  }

  /** Makes gateways end the sockets that a ban affects. */
  endSockets({ userId, roomId }: Pick<Ban, 'userId' | 'roomId'>): Promise<void> {
    return this.directory.announce({ type: 'user-banned', userId, roomId });
  }

  /** @throws {Refusal} 404 there is no such ban */
  async lift(ban: Pick<NewBan, 'userId' | 'roomId'>): Promise<void> {
    await this.bans.exclusively(async (changes) => {
      const existed = await changes.remove(ban);
      await this.access.lift(ban);
      if (!existed) throw new Refusal('ban_not_found');
    });
  }

  /** Bans that have not ended, with ids above `after`, by ascending id. */
  list(after: number, limit: number): Promise<StoredBan[]> {
    return this.bans.list(after, limit);
  }

  ofUser(userId: number): Promise<StoredBan[]> {
    return this.bans.ofUser(userId);
  }

  /**
   * Makes the access list equal to PostgreSQL, and ends the sockets of users whose bans it lacked: they may have been
   * admitted meanwhile.
   */
  async bringIn(): Promise<void> {
    const missed = await this.bans.exclusively(async (changes) => {
      await changes.removeEnded();
      return this.access.replaceBans((await changes.all()).map(listed));
    });
    if (missed.length > 0) this.log.warn({ bans: missed.length }, 'bans were missing from the access list');
    for (const ban of missed) await this.endSockets(ban);
  }

  /**
   * Deletes a room by `remove`. PostgreSQL deletes its bans with it; the access list must forget them too, or a later
   * room with this id would inherit them.
   */
  async withoutRoom(roomId: number, remove: () => Promise<void>): Promise<void> {
    const banned = await this.bans.hasRoom(roomId);
    await remove();
    if (!banned) return;
    await this.bringIn().catch((error: unknown) => {
      this.log.warn({ roomId, error: String(error) }, 'bans of a deleted room will be lifted later');
    });
  }
}

function listed({ userId, roomId, until }: StoredBan): Ban {
  return { userId, roomId, until: until?.getTime() };
}
