import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, patiently, silentLog, testDatabase } from '@chorus/testing';
import { expect } from 'chai';
import pg from 'pg';
import { createDatabase, type Database } from '../database.js';
import { databaseTrouble, isDatabaseUnavailable } from '../errors.js';
import { migrate } from '../migrations/migrate.js';

const POOL = 3;
/** Younger sessions are kept. */
const YOUNG_MS = 1_000;

describe('sessions of a PostgreSQL that refuses writes', function () {
  this.timeout(60_000);
  let url: string;
  let admin: pg.Client;
  let name: string;
  let db: Database;
  let ids = 0;

  before(async () => {
    url = await testDatabase();
    await migrate(url, silentLog);
    name = new URL(url).pathname.slice(1);
    admin = new pg.Client({ connectionString: url });
    await admin.connect();
  });
  after(() => admin.end());
  beforeEach(() => {
    db = createDatabase(url, { poolSize: POOL, timeoutMs: patiently(10_000) });
  });
  afterEach(async () => {
    await takeWrites(true);
    await db.$disconnect();
  });

  /** Affects new sessions only: existing ones keep their setting, as after a failover behind one address. */
  const takeWrites = (takes: boolean): Promise<unknown> =>
    admin.query(`ALTER DATABASE "${name}" SET default_transaction_read_only = ${takes ? 'off' : 'on'}`);
  const write = (): Promise<unknown> => db.room.create({ data: { id: BigInt(++ids), name: 'room' } });
  const inTransaction = (): Promise<unknown> =>
    db.$transaction(async (within) => {
      await within.$queryRaw`SELECT 1`;
      await within.room.create({ data: { id: BigInt(++ids), name: 'room' } });
    });
  const failure = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => 'it did not fail',
      (error: unknown) => error,
    );
  /** Opens all sessions of the pool and lets them grow old. */
  const fill = async (): Promise<void> => {
    // On a slow machine, the first statements can end before the last session is open.
    await eventually(async () => {
      await Promise.all(Array.from({ length: POOL }, () => db.$queryRaw`SELECT pg_sleep(0.3)::text`));
      const [{ count } = { count: 0n }] = await db.$queryRaw<Array<{ count: bigint }>>`
        SELECT count(*) FROM pg_stat_activity WHERE application_name = 'chorus' AND datname = current_database()`;
      expect(Number(count)).to.equal(POOL);
    });
    await sleep(YOUNG_MS);
  };

  for (const [how, change] of [
    ['a statement', write],
    ['a transaction', inTransaction],
  ] as const) {
    it(`are all dropped when ${how} is refused, and new ones write`, async () => {
      await takeWrites(false);
      await fill();
      await takeWrites(true);
      const error = await failure(change());
      expect(isDatabaseUnavailable(error)).to.equal(true);
      expect(databaseTrouble(error)).to.equal('refuses writes (25006)');
      await Promise.all(Array.from({ length: POOL * 3 }, change));
    });
  }

  it('are dropped after their work if they are busy at that moment', async () => {
    await takeWrites(false);
    await fill();
    await takeWrites(true);
    const long = db.$queryRaw`SELECT pg_sleep(0.5)::text`;
    await sleep(100);
    expect(await failure(write())).to.be.instanceOf(Error);
    await long;
    await new Promise(setImmediate);
    await Promise.all(Array.from({ length: POOL * 3 }, write));
  });

  it('are not reconnected endlessly while it lasts', async () => {
    await takeWrites(false);
    await fill();
    const opened = async (): Promise<number> => {
      const { rows } = await admin.query<{ sessions: string }>(
        'SELECT sessions FROM pg_stat_database WHERE datname = current_database()',
      );
      return Number(rows[0]?.sessions);
    };
    await failure(write());
    await sleep(200);
    const before = await opened();
    const begun = performance.now();
    for (let n = 0; n < 20; n++) await failure(inTransaction());
    const seconds = (performance.now() - begun) / 1_000;
    await sleep(200);
    // New sessions are young again and kept for that long.
    expect((await opened()) - before).to.be.at.most(POOL * Math.ceil(1 + seconds));
  });
});
