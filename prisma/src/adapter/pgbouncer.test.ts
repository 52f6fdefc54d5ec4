import { silentLog, startTestPgbouncer, type TestPgbouncer, testDatabase } from '@chorus/testing';
import { expect } from 'chai';
import { Client } from 'pg';
import { createDatabase, type Database } from '../database.js';
import { isDatabaseUnavailable, isDataRefused, isUniqueViolation } from '../errors.js';
import { awaitMigrations } from '../migrations/await-migrations.js';
import { migrate } from '../migrations/migrate.js';

describe('through PgBouncer in transaction mode', function () {
  this.timeout(60_000);
  let direct: string;
  let pooler: TestPgbouncer;
  let db: Database | undefined;

  before(async () => {
    // Its defaults refuse parameters; few connections to the server, so that clients share them.
    pooler = await startTestPgbouncer(await testDatabase(), ['default_pool_size = 2']);
  });
  beforeEach(async () => {
    direct = await testDatabase();
  });
  afterEach(async () => {
    await db?.$disconnect();
    db = undefined;
  });
  after(() => pooler.close());

  const url = (parameters = ''): string => `${pooler.through(direct)}${parameters}`;
  const open = (to = url(), timeoutMs = 3_000): Database => {
    db = createDatabase(to, { poolSize: 5, timeoutMs });
    return db;
  };
  const query = async (to: string, sql: string) => {
    const client = new Client({ connectionString: to });
    await client.connect();
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  };

  it('migrations are applied once, however many processes run them, and leave no lock behind', async () => {
    const runs = await Promise.all([1, 2, 3].map(() => migrate(url(), silentLog)));
    expect(runs.filter((applied) => applied.length > 0)).to.have.length(1);
    await awaitMigrations(url(), silentLog);
    const locks = `SELECT * FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
      WHERE locktype = 'advisory' AND datname = current_database()`;
    expect(await query(direct, locks)).to.deep.equal([]);
  });

  for (const parameters of ['', '?schema=chat', '?pgbouncer=true&schema=chat']) {
    it(`statements work, with their own settings only, with the URL's ${parameters || 'defaults'}`, async () => {
      const schema = parameters === '' ? 'public' : 'chat';
      const name = new URL(direct).pathname.slice(1);
      await query(direct, `ALTER DATABASE ${name} SET timezone = 'Asia/Kolkata'`);
      await query(direct, `ALTER DATABASE ${name} SET search_path = nowhere`);
      await query(direct, `ALTER DATABASE ${name} SET default_transaction_isolation = serializable`);
      await migrate(url(parameters), silentLog);
      const database = open(url(parameters));
      const before = Date.now();
      const rooms = await Promise.all(
        Array.from({ length: 40 }, (_, n) => database.room.create({ data: { name: `room ${n}` } })),
      );
      expect(new Set(rooms.map((room) => room.id)).size).to.equal(40);
      expect(rooms[0]?.createdAt.getTime()).to.be.within(before - 60_000, Date.now() + 60_000);
      const settings = await database.$queryRaw<unknown[]>`
        SELECT count(*)::int AS rooms, current_setting('TimeZone') AS zone, current_setting('search_path') AS path,
          current_setting('statement_timeout') AS timeout, current_setting('transaction_isolation') AS isolation
        FROM rooms`;
      const expected = { zone: 'UTC', path: `"${schema}"`, timeout: '3s', isolation: 'read committed' };
      expect(settings).to.deep.equal([{ rooms: 40, ...expected }]);
      expect(
        await database.$transaction(
          (tx) =>
            tx.$queryRaw`SELECT current_setting('search_path') AS path, count(*)::int AS rooms FROM rooms`,
        ),
      ).to.deep.equal([{ path: `"${schema}"`, rooms: 40 }]);
      // Other clients of the pooler get these connections, and find them unchanged.
      const others = await Promise.all([1, 2, 3].map(() => query(url(), 'SHOW search_path')));
      expect(others.flat()).to.deep.equal(Array(3).fill({ search_path: 'nowhere' }));
    });
  }

  it('frequent statements are neither prepared nor kept, and have their own settings', async () => {
    await migrate(url(), silentLog);
    const { prepared } = open();
    const text = `SELECT count(*) AS rooms, current_setting('TimeZone') AS zone, $1::int AS n FROM rooms`;
    const ask = (n: number): Promise<unknown> => prepared.rows({ text, values: [n] });
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => ask(n)));
    expect(answers).to.deep.equal(answers.map((_, n) => [{ rooms: 0, zone: 'UTC', n }]));
    const names = await Promise.all(
      [1, 2, 3].map(() => query(url(), 'SELECT name FROM pg_prepared_statements')),
    );
    expect(names.flat()).to.deep.equal([]);
    const failure = await prepared
      .rows({ text: 'SELECT 1 / 0', values: [] })
      .catch((error: unknown) => error);
    expect(isDataRefused(failure)).to.equal(true);
    expect(await ask(7)).to.deep.equal([{ rooms: 0, zone: 'UTC', n: 7 }]);
  });

  it('failed statements are rolled back and report why', async () => {
    await migrate(url(), silentLog);
    const database = open();
    const data = { username: 'ann', email: 'ann', emailKey: 'ann', passwordHash: 'x' };
    await database.user.create({ data });
    const failure = await database.user.create({ data }).catch((error: unknown) => error);
    expect(isUniqueViolation(failure)).to.equal(true);
    expect(await database.user.count()).to.equal(1);
  });

  it('a statement that takes too long is cancelled by the server too', async () => {
    await migrate(url(), silentLog);
    const database = open(url(), 500);
    const failure = await database.$queryRaw`SELECT pg_sleep(30)::text`.catch((error: unknown) => error);
    expect(isDatabaseUnavailable(failure)).to.equal(true);
    await database.user.count();
    const sleeping =
      "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(30)%' AND state = 'active' AND pid <> pg_backend_pid()";
    expect(await query(direct, sleeping)).to.deep.equal([]);
  });

  it('settings that a pooler ignores silently are applied too', async () => {
    const parameters = ['search_path', 'statement_timeout', 'lock_timeout', 'array_nulls', 'chorus.session'];
    const more = ['idle_in_transaction_session_timeout', 'default_transaction_isolation'];
    const silent = await startTestPgbouncer(direct, [
      `ignore_startup_parameters = ${[...parameters, ...more].join(', ')}`,
    ]);
    try {
      const through = `${silent.through(direct)}?schema=chat`;
      await migrate(through, silentLog);
      const database = open(through);
      const rows = await database.$queryRaw`SELECT count(*)::int AS rooms FROM rooms`;
      expect(rows).to.deep.equal([{ rooms: 0 }]);
    } finally {
      await db?.$disconnect();
      await silent.close();
    }
  });
});
