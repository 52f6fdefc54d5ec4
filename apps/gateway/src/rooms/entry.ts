import type { Replay } from '@chorus/broker';
import type { Position } from '@chorus/protocol';
import type { Hub, LocalRoom } from './hub.js';

/** All that is needed to be in a room, fetched. Whoever has one enters the room or gives the entry back. */
export interface Entry {
  readonly room: LocalRoom;
  /** Where its owner left off; undefined for whoever is new. */
  readonly since: Position | undefined;
  /** What followed there; undefined when that cannot be had without a hole. */
  readonly replay: Replay | undefined;
  /** Up to where the room's messages were in the database; 0-0 when nobody asked for that. */
  readonly stored: Position;
}

const NOWHERE: Position = { epoch: 0, seq: 0 };

/**
 * @param askStored whether the owner wants to know what is stored
 * @throws {RoomNotFoundError} {UnavailableError} nothing is to be given back then
 */
export async function openEntry(
  hub: Hub,
  roomId: number,
  since: Position | undefined,
  askStored: boolean,
): Promise<Entry> {
  const room = await hub.admit(roomId);
  try {
    const stored = askStored ? await room.watermark.known() : NOWHERE;
    const replay = since === undefined ? undefined : await hub.replay(room, since);
    return { room, since, replay, stored };
  } catch (error) {
    hub.abandon(room);
    throw error;
  }
}

/** Gives back an entry that was not used. */
export function abandonEntry(hub: Hub, entry: Entry): void {
  entry.replay?.end();
  hub.abandon(entry.room);
}
