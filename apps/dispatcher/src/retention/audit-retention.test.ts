import { createDatabase, type Database } from '@chorus/database';
import { migratedTestDatabase } from '@chorus/database/testing';
import { patiently, silentLog } from '@chorus/testing';
import { expect } from 'chai';
import { auditRetention } from './audit-retention.js';
import { ROWS_AT_ONCE } from './gradual-removal.js';

describe('the retention of the audit', function () {
  this.timeout(60_000);
  let db: Database;

  before(async () => {
    db = createDatabase(await migratedTestDatabase(), { poolSize: 5, timeoutMs: patiently(10_000) });
  });
  after(() => db.$disconnect());

  it('removes what is too old and nothing else, in several steps and by several dispatchers at once', async () => {
    const old = 2 * ROWS_AT_ONCE + 10;
    await db.$executeRaw`INSERT INTO audit (at, id, action, status, request_id)
      SELECT now() - interval '30 days' - n * interval '1 second', gen_random_uuid(), 'createRoom', 201, 'r'
      FROM generate_series(1, ${old}::int) n`;
    await db.$executeRaw`INSERT INTO audit (at, id, action, status, request_id)
      SELECT now() - interval '29 days', gen_random_uuid(), 'deleteRoom', 204, 'r' FROM generate_series(1, 10)`;
    const removals = [1, 2, 3].map(() => auditRetention(db, 30, silentLog));
    await Promise.all(removals.map((removal) => removal.run()));
    const left = await db.auditEntry.findMany();
    expect(left.map(({ action }) => action)).to.deep.equal(Array(10).fill('deleteRoom'));
  });

  it('is indexed', async () => {
    await db.$executeRaw`ANALYZE audit`;
    const plan = await db.$queryRaw<Array<{ 'QUERY PLAN': string }>>`
      EXPLAIN SELECT at, id FROM audit WHERE at < now() - interval '30 days' ORDER BY at, id LIMIT 5000`;
    expect(JSON.stringify(plan)).to.match(/Index (Only )?Scan using audit_pkey/);
  });
});
