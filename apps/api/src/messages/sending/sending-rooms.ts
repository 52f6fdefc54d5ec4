import { type Broker, RoomNotFoundError } from '@chorus/broker';
import { type AccessList, type RoomVerdict, requireAccess } from '@chorus/control';
import { Refusal, type RoomKind } from '@chorus/protocol';
import { unavailable } from '../../http/unavailable.js';
import type { Caller } from '../../keys/api-key.js';
import { demand, required } from '../../rooms/access.js';
import type { Sender } from '../message-service.js';
import { refuseMuted, slowModeOf } from '../standing.js';

/** What the mirror holds of a user and a room, without the verdict. */
type Held = Pick<RoomVerdict, 'membership' | 'slowModeSeconds'>;

/** Admits users who send to rooms by the mirror in Redis, as gateways do: no message costs a statement of PostgreSQL. */
export class SendingRooms {
  constructor(
    private readonly rooms: Pick<Broker, 'standing'>,
    private readonly access: Pick<AccessList, 'checkRooms'>,
  ) {}

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

  async #kindOf(roomId: number): Promise<RoomKind | undefined> {
    try {
      return (await this.rooms.standing(roomId)).kind;
    } catch (error) {
      if (error instanceof RoomNotFoundError) return undefined;
      throw error;
    }
  }
}
