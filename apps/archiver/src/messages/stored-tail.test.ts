import type { Database } from '@chorus/database';
import { expect } from 'chai';
import { ANN, openDatabase } from '../testing/database.js';
import { readStoredTail } from './stored-tail.js';

const NOW = 1_767_225_600_000;
const MINUTE = 60_000;

describe('readStoredTail', function () {
  this.timeout(60_000);
  let db: Database;

  before(async () => {
    ({ db } = await openDatabase());
  });
  after(() => db.$disconnect());
  beforeEach(async () => {
    await db.$executeRaw`TRUNCATE rooms CASCADE`;
    await db.$executeRaw`INSERT INTO rooms (id, name) SELECT id, 'room' FROM generate_series(1, 4) id`;
  });

  const store = async (
    roomId: number,
    [epoch, seq]: [number, number],
    agoMs: number,
    clientMsgId: string | null,
  ): Promise<void> => {
    const sentAt = new Date(NOW - agoMs);
    const rest = { messageId: `${seq}`, userId: ANN.id, username: 'ann', content: 'x' };
    await db.message.create({ data: { roomId, epoch, seq, sentAt, clientMsgId, ...rest } });
  };

  it('returns nothing without messages', async () => {
    expect(await readStoredTail(db, 5 * MINUTE)).to.deep.equal({ newestEpoch: 0, keys: new Map() });
  });

  it('returns the keys of the last minutes before the newest message, of all rooms and epochs, oldest first', async () => {
    await store(1, [8, 1], 6 * MINUTE, 'too-old');
    await store(1, [8, 2], 4 * MINUTE, 'a');
    await store(1, [9, 3], 3 * MINUTE, null);
    await store(1, [9, 4], 2 * MINUTE, 'b');
    await store(2, [700, 1], 10 * MINUTE, 'quiet-since');
    await store(4, [3, 1], 0, 'c');
    const { newestEpoch, keys } = await readStoredTail(db, 5 * MINUTE);
    expect(newestEpoch).to.equal(700);
    expect([...keys]).to.deep.equal([
      [
        1,
        [
          { key: '7:a', position: { epoch: 8, seq: 2 } },
          { key: '7:b', position: { epoch: 9, seq: 4 } },
        ],
      ],
      [4, [{ key: '7:c', position: { epoch: 3, seq: 1 } }]],
    ]);
  });

  it('reads any number of them', async () => {
    await db.$executeRaw`
      INSERT INTO messages (room_id, epoch, seq, message_id, user_id, username, content, sent_at, client_msg_id)
      SELECT 3, 1 + n / 6000, n, n, 7, 'ann', 'x', now(), 'c' || n FROM generate_series(1, 12000) n`;
    await db.$executeRaw`INSERT INTO rooms (id, name) SELECT id, 'room' FROM generate_series(5, 12000) id`;
    await store(12_000, [1, 1], 0, 'old');
    const { newestEpoch, keys } = await readStoredTail(db, 5 * MINUTE);
    expect(newestEpoch).to.equal(3);
    expect([...keys.keys()]).to.deep.equal([3]);
    expect(keys.get(3)?.map(({ position }) => position.seq)).to.deep.equal(
      Array.from({ length: 12_000 }, (_, n) => n + 1),
    );
  });
});
