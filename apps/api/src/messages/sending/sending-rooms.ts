import { type Broker, RoomNotFoundError, type RoomStanding } from '@chorus/broker';
import { type AccessList, type RoomVerdict, requireAccess } from '@chorus/control';
import { Refusal, type RoomUser } from '@chorus/protocol';
import { unavailable } from '../../http/unavailable.js';
import type { Caller } from '../../keys/api-key.js';
import { demand, required } from '../../rooms/access.js';
import type { Sender } from '../message-service.js';
import { refuseMuted, slowModeOf } from '../standing.js';

/** What the mirror holds of a user and a room, without the verdict; undefined only for a caller without a user. */
export type Held = Pick<RoomVerdict, 'membership' | 'slowModeSeconds'> | undefined;

/** A room that exists, by the mirror. */
export interface MirroredRoom {
  /** What the user is in it. */
  readonly room: RoomUser;
  readonly standing: RoomStanding;
}

/** Admits users who send to rooms by the mirror in Redis, as gateways do: no message costs a statement of PostgreSQL. */
export class SendingRooms {
  constructor(
    private readonly rooms: Pick<Broker, 'standing'>,
    private readonly access: Pick<AccessList, 'checkRooms'>,
  ) {}

  /**
   * Returns the sender of messages to a room, whom the access list admits.
   * @param idempotencyKey see `Sender.key`
   * @throws {Refusal} 404 or 403 by the table of access, 403 for a muted user, 400 without a user; 503 for every room but public
   *   ones while the memberships are not complete
   * @throws {UnavailableError} also while the rooms are not complete
   */
  async sender(
    caller: Caller,
    roomId: number,
    held: Held,
    idempotencyKey: string | undefined,
  ): Promise<Sender> {
    const user = required(caller);
    const { room } = await this.room(roomId, held);
    demand('send', room, caller);
    refuseMuted(held?.membership?.mutedUntil);
    const slowModeSeconds = slowModeOf(room, held?.slowModeSeconds ?? 0);
    return { user, apiKey: caller.key, roomId, room, key: idempotencyKey, slowModeSeconds };
  }

  /**
   * Returns a room and what the user is in it. Allows nothing yet.
   * @throws {Refusal} 404 for an unknown room; 503 as {@link sender} does
   * @throws {UnavailableError} also while the rooms are not complete
   */
  async room(roomId: number, held: Held): Promise<MirroredRoom> {
    const standing = await this.#standingOf(roomId);
    const membership = held?.membership;
    // Also for an unknown room: a room that the user may not see must look like one.
    if (membership === undefined && standing?.kind !== 'public') {
      throw unavailable(new Error('the memberships are not complete yet'));
    }
    if (standing === undefined) throw new Refusal('room_not_found');
    return { room: { kind: standing.kind, role: membership?.role ?? 'none' }, standing };
  }

  /**
   * Checks a sender once more, who may have waited since.
   * @param action what the sender wants to do in the room
   * @throws {Refusal} {UnavailableError} as {@link sender} does
   */
  async recheck({ user, apiKey: key, roomId }: Sender, action: 'send' | 'changeOwn'): Promise<void> {
    const [held] = await this.access.checkRooms([{ userId: user.id, roomId }]);
    requireAccess(held?.verdict);
    const { room } = await this.room(roomId, held);
    demand(action, room, { user, key });
    refuseMuted(held?.membership?.mutedUntil);
  }

  /**
   * Like {@link sender} for many rooms, without idempotency keys; some may be named repeatedly.
   * @returns for each room its sender, or why there is none
   * @throws {UnavailableError}
   */
  async senders(
    caller: Caller,
    roomIds: readonly number[],
  ): Promise<Map<number, PromiseSettledResult<Sender>>> {
    const user = required(caller);
    const ids = [...new Set(roomIds)];
    const held = await this.access.checkRooms(ids.map((roomId) => ({ userId: user.id, roomId })));
    const entries = ids.map(async (roomId, at) => {
      const [result] = await Promise.allSettled([this.#admitted(caller, roomId, held[at])]);
      return [roomId, result] as const;
    });
    return new Map(await Promise.all(entries));
  }

  async #admitted(caller: Caller, roomId: number, held: RoomVerdict | undefined): Promise<Sender> {
    requireAccess(held?.verdict);
    return this.sender(caller, roomId, held, undefined);
  }

  async #standingOf(roomId: number): Promise<RoomStanding | undefined> {
    try {
      return await this.rooms.standing(roomId);
    } catch (error) {
      if (error instanceof RoomNotFoundError) return undefined;
      throw error;
    }
  }
}
