import type { Database } from '@chorus/database';
import { expect } from 'chai';
import { openDatabase } from '../../testing/api.js';

describe('the messages of a room in PostgreSQL', () => {
  let db: Database;

  before(async () => {
    ({ db } = await openDatabase());
  });
  after(() => db.$disconnect());

  it('cost one index look-up, however many there are', async () => {
    await db.$executeRaw`
      INSERT INTO messages (room_id, epoch, seq, message_id, user_id, username, content, sent_at)
      SELECT 1, 1 + seq / 1000, seq, '', 1, '', '', now() FROM generate_series(1, 50000) seq`;
    await db.$executeRaw`ANALYZE messages`;
    // As `MessageRepository` writes it: the plan does not depend on the values.
    const plan = async (bound: string, order: string): Promise<string> => {
      const rows = await db.$queryRawUnsafe<Array<{ 'QUERY PLAN': unknown }>>(
        `EXPLAIN SELECT * FROM messages WHERE room_id = (SELECT 1::bigint) ${bound} ORDER BY ${order} LIMIT (SELECT 51::bigint)`,
      );
      return rows.map((row) => row['QUERY PLAN']).join('\n');
    };
    const place = '((SELECT 20::bigint), (SELECT 20000::bigint))';
    const back = await plan(`AND (epoch, seq) < ${place}`, 'epoch DESC, seq DESC');
    const on = await plan(`AND (epoch, seq) > ${place}`, 'epoch, seq');
    for (const each of [back, on, await plan('', 'epoch DESC, seq DESC')]) {
      expect(each).to.match(/Index Scan (Backward )?using messages_pkey/);
      expect(each).to.not.match(/Sort|Seq Scan/);
    }
    expect(back).to.match(/Index Cond: .*ROW\(epoch, seq\) </);
    expect(on).to.match(/Index Cond: .*ROW\(epoch, seq\) >/);
  });
});
