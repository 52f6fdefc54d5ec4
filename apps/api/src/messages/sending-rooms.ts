import { type Broker, RoomNotFoundError } from '@chorus/broker';
import type { RoomVerdict } from '@chorus/control';
import { Refusal, type RoomKind } from '@chorus/protocol';
import { unavailable } from '../http/unavailable.js';
import type { Caller } from '../keys/api-key.js';
import { demand, required } from '../rooms/access.js';
import type { Sender } from './message-service.js';
import { refuseMuted, slowModeOf } from './standing.js';

/** What the mirror holds of a user and a room, without the verdict. */
type Held = Pick<RoomVerdict, 'membership' | 'slowModeSeconds'>;

/** Admits users who send to rooms by the mirror in Redis, as gateways do: no message costs a statement of PostgreSQL. */
export class SendingRooms {
  constructor(private readonly rooms: Pick<Broker, 'standing'>) {}

  /**
   * Returns the sender of messages to a room, whom the access list admits.
   * @param held undefined only for a caller without a user
   * @param idempotencyKey see `Sender.key`
   * @throws {Refusal} 404 or 403 by the table of access, 403 for a muted user, 400 without a user; 503 for every room but public
   *   ones while the memberships are not complete
   * @throws {UnavailableError} also while the rooms are not complete
   */
  async sender(
    caller: Caller,
    roomId: number,
    held: Held | undefined,
    idempotencyKey: string | undefined,
  ): Promise<Sender> {
    const user = required(caller);
    const { membership, slowModeSeconds = 0 } = held ?? {};
    const kind = await this.#kindOf(roomId);
    // Also for an unknown room: a room that the user may not see must look like one.
    if (membership === undefined && kind !== 'public') {
      throw unavailable(new Error('the memberships are not complete yet'));
    }
    if (kind === undefined) throw new Refusal('room_not_found');
    const room = { kind, role: membership?.role ?? 'none' };
    demand('send', room, caller);
    refuseMuted(membership?.mutedUntil);
    const slowMode = slowModeOf(room, slowModeSeconds);
    return { user, apiKey: caller.key, roomId, room, key: idempotencyKey, slowModeSeconds: slowMode };
  }

  async #kindOf(roomId: number): Promise<RoomKind | undefined> {
    try {
      return (await this.rooms.standing(roomId)).kind;
    } catch (error) {
      if (error instanceof RoomNotFoundError) return undefined;
      throw error;
    }
  }
}
