import type { Room, SendOptions, SentMessage } from '@chorus/client';
import type { Source } from '../store.js';

/** A room that is joined while something uses it. */
export interface SharedUse {
  /**
   * The caller uses the room until it calls `release`. A room that was left is joined again.
   * @throws {ChorusError} `closed`
   */
  use(): Room;
  release(): void;
  /** The room stays joined until the message is answered: a component may send and unmount. */
  send(content: string, options?: SendOptions): Promise<SentMessage>;
}

/**
 * Uses a room as long as a source does.
 * @param closed the value if the room cannot be joined, because the client was closed
 */
export function sourceOf<Value extends object>(
  shared: SharedUse,
  closed: Value,
  start: (room: Room) => Source<Value>,
): Source<Value> {
  let room: Room;
  try {
    room = shared.use();
  } catch {
    return { read: () => closed, stop: () => {} };
  }
  const { read, stop } = start(room);
  return {
    read,
    stop: () => {
      stop();
      shared.release();
    },
    ended: () => room.status === 'left',
  };
}
