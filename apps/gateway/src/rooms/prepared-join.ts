import type { Replay } from '@chorus/broker';
import type { Position } from '@chorus/protocol';
import type { Hub, LocalRoom } from './hub.js';

/** All that a socket needs to join a room at once. The holder joins with it or gives it back. */
export interface PreparedJoin {
  readonly room: LocalRoom;
  /** The position to continue from; undefined for a client that is new to the room. */
  readonly since: Position | undefined;
  /** What followed that position; undefined when it cannot be had without a hole. */
  readonly replay: Replay | undefined;
  /** Messages up to here were in the database; 0-0 when that was not asked for. */
  readonly stored: Position;
}

const NOWHERE: Position = { epoch: 0, seq: 0 };

/**
 * @param withStored whether to find out what is stored
 * @throws {RoomNotFoundError} {UnavailableError} nothing has to be given back then
 */
export async function prepareJoin(
  hub: Hub,
  roomId: number,
  since: Position | undefined,
  withStored: boolean,
): Promise<PreparedJoin> {
  const room = await hub.admit(roomId);
  try {
    const stored = withStored ? await room.watermark.known() : NOWHERE;
    const replay = since === undefined ? undefined : await hub.replay(room, since);
    return { room, since, replay, stored };
  } catch (error) {
    hub.abandon(room);
    throw error;
  }
}

/** Gives back a prepared join that was not used. */
export function abandonJoin(hub: Hub, join: PreparedJoin): void {
  join.replay?.end();
  hub.abandon(join.room);
}
