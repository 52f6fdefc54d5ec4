import { randomBytes } from 'node:crypto';
import { patiently, silentLog, testDatabase } from '@chorus/testing';
import { expect } from 'chai';
import { Client } from 'pg';
import { createDatabase, type Database } from '../database.js';
import { awaitMigrations } from '../migrations/await-migrations.js';
import { migrate } from '../migrations/migrate.js';

/** Settings that a role or a database may have for the sake of other programs. */
const HOSTILE = {
  timezone: "'Asia/Kolkata'",
  datestyle: "'German, DMY'",
  search_path: 'decoy, public',
  default_transaction_isolation: 'serializable',
  statement_timeout: '500',
  lock_timeout: '500',
  idle_in_transaction_session_timeout: '500',
  standard_conforming_strings: 'off',
  array_nulls: 'off',
  client_encoding: 'LATIN1',
};

describe('with any settings of the server, database or role', function () {
  this.timeout(60_000);
  let admin: string;
  let role: string;
  const databases: Database[] = [];

  const query = async (to: string, ...statements: string[]) => {
    const client = new Client({ connectionString: to });
    await client.connect();
    try {
      let rows: unknown[] = [];
      for (const sql of statements) ({ rows } = await client.query(sql));
      return rows;
    } finally {
      await client.end();
    }
  };
  const url = (parameters = ''): string => {
    const own = new URL(`${admin}${parameters}`);
    own.username = role;
    own.password = role;
    return own.href;
  };
  const open = (parameters = ''): Database => {
    const database = createDatabase(url(parameters), { poolSize: 2, timeoutMs: patiently(10_000) });
    databases.push(database);
    return database;
  };

  beforeEach(async () => {
    admin = await testDatabase();
    role = `role_${randomBytes(6).toString('hex')}`;
    const name = new URL(admin).pathname.slice(1);
    await query(
      admin,
      `CREATE ROLE ${role} LOGIN PASSWORD '${role}'`,
      `GRANT ALL ON DATABASE ${name} TO ${role}`,
      `GRANT ALL ON SCHEMA public TO ${role}`,
      // Tables with equal names in the schema that is searched first.
      'CREATE SCHEMA decoy',
      'CREATE TABLE decoy.rooms (id bigint)',
      'CREATE TABLE decoy.users (id bigint)',
      'CREATE TABLE decoy._prisma_migrations (id bigint)',
      `GRANT ALL ON SCHEMA decoy TO ${role}`,
      `GRANT ALL ON ALL TABLES IN SCHEMA decoy TO ${role}`,
    );
  });
  afterEach(async () => {
    for (const database of databases.splice(0)) await database.$disconnect();
    await query(admin, `DROP OWNED BY ${role}`, `DROP ROLE ${role}`);
  });

  for (const [what, target] of [
    ['role', () => `ROLE ${role}`],
    ['database', () => `DATABASE ${new URL(admin).pathname.slice(1)}`],
  ] as const) {
    it(`statements mean the same: settings of the ${what}`, async () => {
      for (const [name, value] of Object.entries(HOSTILE)) {
        await query(admin, `ALTER ${target()} SET ${name} = ${value}`);
      }
      try {
        await migrate(url(), silentLog);
        await awaitMigrations(url(), silentLog);
        const database = open();
        const before = Date.now();
        const name = 'Zürich \\ ☃';
        const { id } = await database.room.create({ data: { name } });
        const room = await database.room.findUniqueOrThrow({ where: { id } });
        expect(room.name).to.equal(name);
        expect(room.createdAt.getTime()).to.be.within(before - 60_000, Date.now() + 60_000);
        // The server's representation of this moment, and times that it generates.
        const [row] = await database.$queryRaw<
          Array<{ epoch: number; now: Date; rooms: number; isolation: string }>
        >`
          SELECT (extract(epoch FROM created_at) * 1000)::float8 AS epoch, now() AS now,
            current_setting('transaction_isolation') AS isolation FROM rooms`;
        expect(row?.epoch).to.equal(room.createdAt.getTime());
        expect(row?.now.getTime()).to.be.within(before - 60_000, Date.now() + 60_000);
        expect(row?.isolation).to.equal('read committed');
        await database.$queryRaw`SELECT pg_sleep(0.7)::text`;
        await database.$transaction(async (tx) => {
          await new Promise((resolve) => setTimeout(resolve, 700));
          await tx.room.count();
        });
        expect(await query(admin, 'SELECT count(*)::int AS n FROM public.rooms')).to.deep.equal([{ n: 1 }]);
      } finally {
        await query(admin, `ALTER ${target()} RESET ALL`);
      }
    });
  }

  it('all tables are in the schema of the URL', async () => {
    await query(admin, `ALTER ROLE ${role} SET search_path = decoy`);
    await migrate(url('?schema=chat'), silentLog);
    await awaitMigrations(url('?schema=chat'), silentLog);
    const database = open('?schema=chat');
    await database.room.create({ data: { name: 'one' } });
    expect(await database.$queryRaw`SELECT name FROM rooms`).to.deep.equal([{ name: 'one' }]);
    const schemas = await query(
      admin,
      `SELECT DISTINCT schemaname AS s FROM pg_tables WHERE tablename IN ('messages', 'bans') AND schemaname <> 'decoy'`,
    );
    expect(schemas).to.deep.equal([{ s: 'chat' }]);
    // Another installation in the same database.
    await migrate(url(), silentLog);
    expect(await open().room.count()).to.equal(0);
  });

  it('migrations need no right to create schemas if the schema exists', async () => {
    const name = new URL(admin).pathname.slice(1);
    await query(
      admin,
      `REVOKE CREATE ON DATABASE ${name} FROM ${role}`,
      'CREATE SCHEMA chat',
      `GRANT ALL ON SCHEMA chat TO ${role}`,
    );
    expect(await migrate(url('?schema=chat'), silentLog)).to.have.length.greaterThan(0);
    const error = await migrate(url('?schema=other'), silentLog).catch((failure: unknown) => String(failure));
    expect(error).to.match(/^StartError: the database cannot be migrated: permission denied[^\n]*$/);
  });
});
