import { idempotencyKey, KEY_MS, type RestoredMessage, type RoomArchive } from '@chorus/broker';
import type { RoomRepository } from '../repository.js';
import type { ArchivedEntries, ArchivedEntry } from './archived-entries.js';

/** Maximum time for which repeated messages are recognised, in milliseconds. */
const REMEMBERED_MS = 2 * KEY_MS;

/** The rooms and entries of PostgreSQL, in the form in which Redis had them. */
export function roomArchive(rooms: RoomRepository, entries: ArchivedEntries): RoomArchive {
  return {
    rooms: (ids) => rooms.positions(ids),
    after: async (roomId, after, limit) =>
      ((await entries.afterEach([{ id: roomId, after }], limit)).get(roomId) ?? []).map(restored),
    afterEach: async (positions, limit) => {
      const found = await entries.afterEach(positions, limit);
      return new Map([...found].map(([roomId, each]) => [roomId, each.map(restored)]));
    },
    newest: async (roomId, limit) => (await entries.newest(roomId, limit)).map(restored),
  };
}

function restored({
  epoch,
  seq,
  changes,
  userId,
  clientMsgId,
  sentAt,
  body,
}: ArchivedEntry): RestoredMessage {
  const known = clientMsgId !== undefined && Date.now() - sentAt < REMEMBERED_MS;
  return {
    ...{ epoch, seq, body, ...(changes === 0 ? {} : { changes }) },
    idempotencyKey: known ? idempotencyKey(userId, clientMsgId) : '',
  };
}
