import type { Replay } from '@chorus/broker';
import type { Position } from '@chorus/protocol';
import type { Hub, LocalRoom } from './hub.js';

/** Everything that a socket needs to join a room synchronously. The holder joins with it or abandons it. */
export interface PreparedJoin {
  readonly room: LocalRoom;
  /** The position to resume from; undefined for a client that does not resume. */
  readonly since: Position | undefined;
  /** The messages after that position; undefined if they cannot be read without a gap. */
  readonly replay: Replay | undefined;
  /** Messages up to here are in the database; 0-0 for a plain socket. */
  readonly stored: Position;
}

const NOWHERE: Position = { epoch: 0, seq: 0 };

/**
 * Prepares a join.
 * @param v1 whether it is for a `chorus.v1` socket, which receives changes too and gets to know what is in the database
 * @throws {RoomNotFoundError} {UnavailableError} nothing has to be given back then
 */
export async function prepareJoin(
  hub: Hub,
  roomId: number,
  since: Position | undefined,
  v1: boolean,
): Promise<PreparedJoin> {
  const room = await hub.admit(roomId);
  try {
    const stored = v1 ? await room.watermark.known() : NOWHERE;
    const replay = since === undefined ? undefined : await hub.replay(room, since, v1 ? 'all' : 'messages');
    return { room, since, replay, stored };
  } catch (error) {
    hub.abandon(room);
    throw error;
  }
}

/** Gives back a prepared join that is not used. */
export function abandonJoin(hub: Hub, join: PreparedJoin): void {
  join.replay?.end();
  hub.abandon(join.room);
}
