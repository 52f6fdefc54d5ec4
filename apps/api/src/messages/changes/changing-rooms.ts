import { type Broker, retentionMs } from '@chorus/broker';
import type { RoomAction } from '@chorus/protocol';
import type { Caller } from '../../keys/api-key.js';
import { demand, type RoomAccess, required } from '../../rooms/access.js';
import type { ReadingSender } from '../message-service.js';
import type { Held, SendingRooms } from '../sending/sending-rooms.js';
import { refuseMuted, slowModeOf } from '../standing.js';

/** What muted users may not do to messages. */
const SPEAKING: ReadonlySet<RoomAction> = new Set(['changeOwn', 'react'] as const);

export interface ChangingRoomsParts {
  readonly sendingRooms: Pick<SendingRooms, 'room'>;
  readonly rooms: Pick<Broker, 'stored'>;
  /** Days for which all rooms keep messages; undefined for ever. */
  readonly retentionDays: number | undefined;
  /** Asked with `AUTH=open` only: the mirror does not know who created a room. Otherwise undefined. */
  readonly open: Pick<RoomAccess, 'visible'> | undefined;
}

/** Admits users who change messages, by the mirror in Redis, as {@link SendingRooms} admits users who send. */
export class ChangingRooms {
  constructor(private readonly parts: ChangingRoomsParts) {}

  /**
   * Returns the sender of a change in a room, whom the access list admits.
   * @param key see `Sender.key`
   * @param action undefined: the room must be visible to the user; what the change itself needs is checked later
   * @throws {Refusal} as `SendingRooms.sender` does
   * @throws {UnavailableError} also while the rooms are not complete
   */
  async sender(
    caller: Caller,
    roomId: number,
    held: Held,
    key: string | undefined,
    action?: RoomAction,
  ): Promise<ReadingSender> {
    const user = required(caller);
    const { sendingRooms, rooms, open } = this.parts;
    const [known, storedUpTo] = await Promise.all([sendingRooms.room(roomId, held), rooms.stored(roomId)]);
    let { room } = known;
    if (open !== undefined && room.kind === 'public' && room.role === 'none') {
      room = { ...room, role: (await open.visible(caller, roomId)).role };
    }
    if (action === undefined) demand('read', room, { user });
    else demand(action, room, caller);
    if (action !== undefined && SPEAKING.has(action)) refuseMuted(held?.membership?.mutedUntil);
    const slowModeSeconds = slowModeOf(room, held?.slowModeSeconds ?? 0);
    const keptMs = retentionMs(this.parts.retentionDays, known.standing.retentionDays);
    const expiredUpTo = keptMs === undefined ? undefined : Date.now() - keptMs;
    const read = { id: roomId, storedUpTo, expiredUpTo, ...room };
    return { user, apiKey: caller.key, roomId, room: read, key, slowModeSeconds };
  }
}
