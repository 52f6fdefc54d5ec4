import { idempotencyKey, KEY_MS, type RestoredMessage, type RoomArchive } from '@chorus/broker';
import { bodyOfMessage, type MessageFrame } from '@chorus/protocol';
import type { MessageRepository } from '../messages/repository.js';
import type { RoomRepository } from './repository.js';

/** How long repeated messages are recognised at most, in milliseconds. */
const REMEMBERED_MS = 2 * KEY_MS;

/** Returns what PostgreSQL stores of rooms, in the form in which Redis had it. */
export function roomArchive(rooms: RoomRepository, messages: MessageRepository): RoomArchive {
  return {
    rooms: (ids) => rooms.positions(ids),
    after: async (roomId, after, limit) => (await messages.after(roomId, after, limit)).map(restored),
    afterEach: async (positions, limit) => {
      const found = await messages.afterEach(positions, limit);
      return new Map([...found].map(([roomId, frames]) => [roomId, frames.map(restored)]));
    },
    newest: async (roomId, limit) => (await messages.before(roomId, undefined, limit)).map(restored),
  };
}

function restored(message: MessageFrame): RestoredMessage {
  const { epoch, seq, userId, clientMsgId, sentAt } = message;
  const known = clientMsgId !== undefined && Date.now() - sentAt < REMEMBERED_MS;
  return {
    epoch,
    seq,
    body: bodyOfMessage(message),
    idempotencyKey: known ? idempotencyKey(userId, clientMsgId) : '',
  };
}
