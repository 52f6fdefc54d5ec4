import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Closer } from '@chorus/service';
import { expect } from 'chai';
import pg from 'pg';
import type { LocalServer } from '../local-server.js';
import { lookUpProcess } from '../processes/process-table.js';
import { createDatabase, type PostgresOptions, startPostgres } from './server.js';

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

describe('startPostgres', function () {
  this.timeout(60_000);

  let closer: Closer;
  let dataDir: string;

  beforeEach(async () => {
    closer = new Closer();
    dataDir = await mkdtemp(join(tmpdir(), 'chorus-test-'));
    closer.defer(() => rm(dataDir, { recursive: true }));
  });

  afterEach(() => closer.close());

  const start = async (options?: PostgresOptions): Promise<LocalServer> =>
    closer.add(await startPostgres(options));

  it('starts an empty database, with others beside it on request', async () => {
    const server = await start();
    await query(server.url, 'CREATE TABLE here (id int)');
    const other = await createDatabase(server.url);
    await query(other, 'CREATE TABLE here (id int)');
    expect(await query(other, 'SELECT * FROM here')).to.deep.equal([]);
  });

  it('leaves no folder behind without persistent data', async () => {
    const { TMPDIR } = process.env;
    process.env.TMPDIR = dataDir;
    try {
      const server = await startPostgres();
      expect(await readdir(dataDir)).to.have.length(1);
      await server.close();
      expect(await readdir(dataDir)).to.deep.equal([]);
    } finally {
      if (TMPDIR === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = TMPDIR;
    }
  });

  it('keeps its data and its password', async () => {
    const first = await start({ dataDir });
    await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await first.close();
    const second = await start({ dataDir, port: first.port });
    expect(second.url).to.equal(first.url);
    expect(await query(second.url, 'SELECT answer FROM kept')).to.deep.equal([{ answer: 42 }]);
  });

  for (const persistent of [true, false]) {
    const kind = persistent ? 'kept' : 'temporary';
    it(`admits only clients with the password of ${kind} data, which no process list shows`, async () => {
      const server = await start({ dataDir, persistent });
      const url = new URL(server.url);
      const { password } = url;
      expect(password).to.match(/^[0-9a-f]{48}$/);
      for (const wrong of ['guess', '']) {
        url.password = wrong;
        for (const database of ['chorus', 'postgres', 'template1']) {
          url.pathname = `/${database}`;
          const failure = await query(url.href, 'SELECT 1').catch((error: unknown) => error);
          expect(failure, `${database} with ${wrong}`).to.be.instanceOf(Error);
        }
      }
      expect((await stat(join(dataDir, 'password'))).mode & 0o777).to.equal(0o600);
      expect((await lookUpProcess(server.pid))?.command)
        .to.include('postgres')
        .and.not.include(password);
      expect(await query(server.url, 'SHOW unix_socket_directories')).to.deep.equal([
        { unix_socket_directories: '' },
      ]);
    });
  }

  it('reports which password it needs when that of kept data is missing', async () => {
    await (await start({ dataDir })).close();
    await rm(join(dataDir, 'password'));
    const failure = await startPostgres({ dataDir }).catch((error: unknown) => error);
    expect(String(failure)).to.equal(
      `StartError: ${join(dataDir, 'password')} holds no password: the database beside it needs its own`,
    );
  });

  it('starts after its previous run was killed', async () => {
    const first = await start({ dataDir });
    await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    first.kill('SIGKILL');
    await first.exited;
    const second = await start({ dataDir });
    expect(await query(second.url, 'SELECT answer FROM kept')).to.deep.equal([{ answer: 42 }]);
  });

  it('starts while its previous run is still writing its last checkpoint', async () => {
    const first = await start({ dataDir });
    await query(first.url, 'CREATE TABLE kept AS SELECT generate_series(1, 300000) AS answer');
    // What the guard does when its owner is killed.
    first.kill('SIGINT');
    const second = await start({ dataDir });
    expect(await query(second.url, 'SELECT count(*)::int FROM kept')).to.deep.equal([{ count: 300_000 }]);
  });

  it('starts when the pid of its previous run belongs to another process', async () => {
    await (await start({ dataDir })).close();
    await writeFile(join(dataDir, 'cluster', 'postmaster.pid'), `${process.pid}\n${dataDir}\n`);
    await start({ dataDir });
  });

  it('starts after an interrupted initdb', async () => {
    await (await start({ dataDir: join(dataDir, 'a') })).close();
    await rm(join(dataDir, 'a', 'cluster'), { recursive: true });
    await writeFile(join(dataDir, 'a', 'cluster.new'), 'half');
    await start({ dataDir: join(dataDir, 'a') });
  });

  it('reports in one line that the data is in use', async () => {
    const server = await start({ dataDir });
    const failure = await startPostgres({ dataDir }).catch((error: unknown) => error);
    expect(String(failure)).to.equal(
      `StartError: ${join(dataDir, 'cluster')} is in use by a running PostgreSQL (pid ${server.pid})`,
    );
  });

  it('reports in one line that a port is taken', async () => {
    const server = await start();
    const failure = await startPostgres({ port: server.port }).catch((error: unknown) => error);
    expect(String(failure)).to.equal(`StartError: port ${server.port} is already in use`);
  });

  it('runs in a folder that only its owner may enter', async () => {
    await chmod(dataDir, 0o700);
    const server = await start({ dataDir: join(dataDir, 'inner') });
    expect(await query(server.url, 'SELECT 1 AS one')).to.deep.equal([{ one: 1 }]);
  });
});
