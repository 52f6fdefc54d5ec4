import { appendFile, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StartError } from '@chorus/service';
import { silentLog, testDatabase } from '@chorus/testing';
import { expect } from 'chai';
import { Client } from 'pg';
import { migrate } from './migrate.js';

const ours = fileURLToPath(new URL('../../migrations', import.meta.url));

describe('migrate', function () {
  this.timeout(60_000);
  let url: string;
  let directory: string;

  const query = async (sql: string) => {
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  };
  const addMigration = async (name: string, sql: string): Promise<void> => {
    await mkdir(join(directory, name));
    await writeFile(join(directory, name, 'migration.sql'), sql);
  };
  const failure = (): Promise<unknown> =>
    migrate(url, silentLog, directory).then(
      () => undefined,
      (error: unknown) => error,
    );

  beforeEach(async () => {
    url = await testDatabase();
    directory = await mkdtemp(join(tmpdir(), 'chorus-migrations-'));
    await cp(ours, directory, { recursive: true });
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('brings an empty database up to date, and then has nothing to do', async () => {
    const applied = await migrate(url, silentLog);
    expect(applied).to.have.length.greaterThan(0);
    expect(await migrate(url, silentLog)).to.deep.equal([]);
    await query('SELECT id, username, email_key FROM users');
  });

  it('keeps the record that Prisma keeps', async () => {
    const [name] = await migrate(url, silentLog);
    const [row] = await query('SELECT * FROM _prisma_migrations');
    expect(row).to.include({
      migration_name: name,
      applied_steps_count: 1,
      logs: null,
      rolled_back_at: null,
    });
    expect(row.id).to.match(/^[0-9a-f-]{36}$/);
    expect(row.checksum).to.match(/^[0-9a-f]{64}$/);
    expect(row.finished_at).to.be.at.least(row.started_at);
  });

  it('applies each migration once when several processes start together', async () => {
    await addMigration('29990101000000_slow', 'SELECT pg_sleep(0.2); CREATE TABLE slow (id INT);');
    const runs = await Promise.all([1, 2, 3, 4, 5].map(() => migrate(url, silentLog, directory)));
    expect(runs.flat().sort()).to.deep.equal([...new Set(runs.flat())].sort());
    expect(runs.filter((applied) => applied.length > 0)).to.have.length(1);
  });

  it('applies only new migrations', async () => {
    await migrate(url, silentLog, directory);
    await addMigration('29990101000000_more', 'CREATE TABLE more (id INT);');
    expect(await migrate(url, silentLog, directory)).to.deep.equal(['29990101000000_more']);
  });

  it('refuses an edited migration and applies nothing', async () => {
    const [name = ''] = await migrate(url, silentLog, directory);
    await appendFile(join(directory, name, 'migration.sql'), '\n-- harmless');
    await addMigration('29990101000000_more', 'CREATE TABLE more (id INT);');
    expect(await failure())
      .to.be.instanceOf(StartError)
      .with.property('message')
      .that.matches(new RegExp(`^migration ${name} was edited after it was applied: [^\\n]+$`));
    expect(await query("SELECT to_regclass('more') AS t")).to.deep.equal([{ t: null }]);
  });

  it('rolls a failing migration back as a whole, and applies it once it is repaired', async () => {
    await addMigration('29990101000000_bad', 'CREATE TABLE half (id INT); SELECT nonsense;');
    expect(await failure())
      .to.be.instanceOf(StartError)
      .with.property('message')
      .that.matches(/^migration 29990101000000_bad failed and was rolled back: .*nonsense.*$/);
    expect(await query("SELECT to_regclass('half') AS t")).to.deep.equal([{ t: null }]);
    await writeFile(join(directory, '29990101000000_bad', 'migration.sql'), 'CREATE TABLE half (id INT);');
    expect(await migrate(url, silentLog, directory)).to.deep.equal(['29990101000000_bad']);
  });

  it('refuses to continue after a migration that another program left half done', async () => {
    await migrate(url, silentLog, directory);
    await query('UPDATE _prisma_migrations SET finished_at = NULL');
    expect(await failure())
      .to.be.instanceOf(StartError)
      .with.property('message')
      .that.matches(/failed half-way/);
    await query('UPDATE _prisma_migrations SET rolled_back_at = now()');
    await query('CREATE SCHEMA kept; ALTER TABLE _prisma_migrations SET SCHEMA kept');
    await query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
    await query('ALTER TABLE kept._prisma_migrations SET SCHEMA public');
    expect(await migrate(url, silentLog, directory)).to.have.length.greaterThan(0);
  });

  it('starts with a database that has newer migrations', async () => {
    await addMigration('29990101000000_newer', 'CREATE TABLE newer (id INT);');
    await migrate(url, silentLog, directory);
    expect(await migrate(url, silentLog)).to.deep.equal([]);
  });

  it('reports in one line that PostgreSQL is unreachable', async () => {
    url = 'postgresql://user@127.0.0.1:1/none';
    expect(await failure())
      .to.be.instanceOf(StartError)
      .with.property('message')
      .that.matches(/^PostgreSQL cannot be reached: [^\n]+$/);
  });
});
