import { appendFile, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Logger, StartError } from '@chorus/service';
import { silentLog, testDatabase } from '@chorus/testing';
import { expect } from 'chai';
import { Client } from 'pg';
import { awaitMigrations } from './await-migrations.js';
import { migrate } from './migrate.js';

const ours = fileURLToPath(new URL('../../migrations', import.meta.url));

describe('awaitMigrations', function () {
  this.timeout(60_000);
  let url: string;
  let directory: string;
  /** Resolves when it has checked and must wait. */
  let waits: Promise<unknown>;
  let log: Logger;

  const start = (signal?: AbortSignal) =>
    awaitMigrations(url, log, { directory, pollMs: 10, ...(signal === undefined ? {} : { signal }) });
  const failureOf = (running: Promise<void>): Promise<unknown> =>
    running.then(
      () => undefined,
      (error: unknown) => error,
    );

  beforeEach(async () => {
    url = await testDatabase();
    directory = await mkdtemp(join(tmpdir(), 'chorus-migrations-'));
    await cp(ours, directory, { recursive: true });
    let heard: (what: unknown) => void = () => {};
    waits = new Promise((resolve) => {
      heard = resolve;
    });
    log = { ...silentLog, info: heard } as unknown as Logger;
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('waits on an empty database until another process has applied the migrations, and writes nothing itself', async () => {
    let done = false;
    const waiting = start().then(() => {
      done = true;
    });
    expect(await waits)
      .to.have.property('waitingFor')
      .that.includes('_init');
    const client = new Client({ connectionString: url });
    await client.connect();
    const { rows } = await client.query("SELECT to_regclass('_prisma_migrations') AS t");
    await client.end();
    expect(rows).to.deep.equal([{ t: null }]);
    expect(done).to.equal(false);
    await migrate(url, silentLog, directory);
    await waiting;
  });

  it('waits for migrations that only the new version has', async () => {
    await migrate(url, silentLog, directory);
    await mkdir(join(directory, '29990101000000_more'));
    await writeFile(join(directory, '29990101000000_more', 'migration.sql'), 'CREATE TABLE more (id INT);');
    const waiting = start();
    expect(await waits).to.have.property('waitingFor', '29990101000000_more');
    await migrate(url, silentLog, directory);
    await waiting;
  });

  it('does not wait when a newer version has migrated the database', async () => {
    await mkdir(join(directory, '29990101000000_newer'));
    await writeFile(join(directory, '29990101000000_newer', 'migration.sql'), 'CREATE TABLE newer (id INT);');
    await migrate(url, silentLog, directory);
    await awaitMigrations(url, silentLog);
  });

  it('waits for a database that does not answer, until it is aborted', async () => {
    url = 'postgresql://user@127.0.0.1:1/none';
    const stop = new AbortController();
    const waiting = failureOf(start(stop.signal));
    expect(await waits)
      .to.have.property('waitingFor')
      .that.matches(/^PostgreSQL: /);
    stop.abort();
    expect(await waiting)
      .to.be.instanceOf(StartError)
      .with.property('message')
      .that.matches(/^told to stop/);
  });

  it('does not wait in vain: a migration was edited', async () => {
    const [name = ''] = await migrate(url, silentLog, directory);
    await appendFile(join(directory, name, 'migration.sql'), '\n-- harmless');
    expect(await failureOf(start()))
      .to.be.instanceOf(StartError)
      .with.property('message')
      .that.matches(/was edited/);
  });
});
