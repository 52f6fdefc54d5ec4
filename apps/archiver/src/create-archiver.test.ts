import { MemoryReadPositions, MemoryRoomStore } from '@chorus/broker';
import { createDatabase, type Database } from '@chorus/database';
import { MemoryPresenceStore } from '@chorus/presence';
import { Metrics, StartError, type WorkerService } from '@chorus/service';
import { patiently, recordedLog, until } from '@chorus/testing';
import { expect } from 'chai';
import { loadArchiverConfig } from './config.js';
import { createArchiver } from './create-archiver.js';
import { body, openDatabase } from './testing/database.js';
import { TestQueue } from './testing/queue.js';

describe('createArchiver', function () {
  this.timeout(60_000);
  let db: Database;
  let queue: TestQueue;
  let archiver: WorkerService | undefined;
  const reads = new MemoryReadPositions(new MemoryRoomStore());
  const { journal } = new MemoryPresenceStore({ announce() {} });
  const config = (env: Record<string, string> = {}) =>
    loadArchiverConfig({
      HOST: '127.0.0.1',
      PORT: '0',
      DATABASE_URL: 'postgresql://unused',
      ARCHIVE_INTERVAL_MS: '5',
      HISTORY_SIZE: '7',
      HISTORY_MAX_AGE_SECONDS: '60',
      ...env,
    });
  const start = async (
    env: Record<string, string> = {},
  ): Promise<(path: string, method?: string) => Promise<[number, unknown]>> => {
    const service = await createArchiver(config(env), {
      db,
      queue,
      reads,
      journal,
      metrics: new Metrics(),
      log: recordedLog().log,
    });
    archiver = service;
    return async (path, method = 'GET') => {
      const answer = await fetch(`http://127.0.0.1:${service.port}${path}`, { method });
      return [answer.status, await answer.json()];
    };
  };

  before(async () => {
    ({ db } = await openDatabase());
    await db.room.create({ data: { id: 1, name: 'room' } });
  });
  beforeEach(() => {
    queue = new TestQueue();
  });
  afterEach(() => archiver?.close());
  after(() => db.$disconnect());

  it('stores messages by itself, and keeps in Redis what the settings say', async () => {
    await start();
    queue.add(1, 1, () => body(1, 'hello'));
    await until(() => queue.settled.length > 0);
    expect((await db.message.findMany()).map(({ content }) => content)).to.deep.equal(['hello']);
    expect(queue.settled[0]?.keep).to.deep.equal({ size: 7, maxAgeMs: 60_000 });
  });

  it('removes messages older than the retention by itself, and keeps none of them in Redis', async () => {
    const old = new Date(Date.now() - 9 * 86_400_000);
    const common = { roomId: 1, epoch: 1, messageId: 'm', userId: 7, username: 'ann', content: 'old' };
    await db.message.create({ data: { ...common, seq: 1, sentAt: old } });
    await start({ RETENTION_DAYS: '7', HISTORY_MAX_AGE_SECONDS: '0' });
    await until(async () => (await db.message.count({ where: { content: 'old' } })) === 0);
    await until(() => queue.settled.length > 0);
    expect(queue.settled[0]?.keep).to.deep.equal({ size: 7, maxAgeMs: 7 * 86_400_000 });
  });

  it('is ready, and says what is wrong during an outage, without asking to be taken for dead', async () => {
    const ask = await start();
    expect(await ask('/livez')).to.deep.equal([200, { status: 'live' }]);
    expect(await ask('/readyz')).to.deep.equal([200, { status: 'ready' }]);
    queue.away = true;
    const degraded = [200, { status: 'degraded', error: 'Redis does not answer' }];
    await until(async () => JSON.stringify(await ask('/readyz')) === JSON.stringify(degraded));
    expect(await ask('/livez')).to.deep.equal([200, { status: 'live' }]);
    queue.away = false;
    await until(async () => JSON.stringify(await ask('/readyz')).includes('"ready"'));
  });

  it('says why it cannot do its work although nothing waits, and is not ready before it could', async () => {
    const { db: unused, url } = await openDatabase();
    await unused.$disconnect();
    const name = new URL(url).pathname.slice(1);
    const takeWrites = (takes: boolean) =>
      db.$executeRawUnsafe(
        `ALTER DATABASE "${name}" SET default_transaction_read_only = ${takes ? 'off' : 'on'}`,
      );
    await takeWrites(false);
    const readOnly = createDatabase(url, { poolSize: 1, timeoutMs: patiently(10_000) });
    let redisTrouble: string | undefined = 'cannot be reached (ECONNREFUSED)';
    const { lines, log } = recordedLog();
    const parts = { db: readOnly, queue, reads, journal, metrics: new Metrics(), log };
    archiver = await createArchiver(config(), { ...parts, redisTrouble: () => redisTrouble });
    const ask = async (): Promise<[number, unknown]> => {
      const answer = await fetch(`http://127.0.0.1:${archiver?.port}/readyz`);
      return [answer.status, await answer.json()];
    };
    const both = 'Redis cannot be reached (ECONNREFUSED); PostgreSQL refuses writes (25006)';
    expect(await ask()).to.deep.equal([503, { error: `starting: ${both}`, code: 'not_ready' }]);
    await ask();
    redisTrouble = undefined;
    expect(await ask()).to.deep.equal([
      503,
      { error: 'starting: PostgreSQL refuses writes (25006)', code: 'not_ready' },
    ]);
    await takeWrites(true);
    await until(async () => (await ask())[0] === 200);
    redisTrouble = 'refuses writes (MISCONF)';
    expect(await ask()).to.deep.equal([200, { status: 'degraded', error: 'Redis refuses writes (MISCONF)' }]);
    const told = lines.filter(({ msg }) => String(msg).includes('able to work')).map(({ error }) => error);
    const [redis, postgres] = ['Redis refuses writes (MISCONF)', 'PostgreSQL refuses writes (25006)'];
    expect(told).to.deep.equal([both, postgres, undefined, redis]);
    await archiver.close();
    await readOnly.$disconnect();
  });

  it('knows no other routes', async () => {
    const ask = await start();
    expect(await ask('/')).to.deep.equal([404, { error: 'no such route', code: 'route_not_found' }]);
    expect(await ask('/readyz', 'POST')).to.deep.equal([
      405,
      { error: 'POST is not allowed on this route', code: 'method_not_allowed' },
    ]);
  });

  it('says that it is about to end while it finishes a batch', async () => {
    const ask = await start();
    const settle = queue.settle.bind(queue);
    let finish: (() => void) | undefined;
    queue.settle = (...args) =>
      new Promise((resolve) => {
        finish = () => resolve(settle(...args));
      });
    queue.add(1, 1);
    await until(() => finish !== undefined);
    const closing = archiver?.close();
    expect(await ask('/readyz')).to.deep.equal([503, { error: 'draining', code: 'not_ready' }]);
    finish?.();
    await closing;
    expect(queue.settled).to.have.length(1);
  });

  it('says in one line that its port is taken, and leaves nothing running', async () => {
    await start();
    const taken = config({ PORT: String(archiver?.port) });
    const other = new TestQueue();
    const error = await createArchiver(taken, {
      db,
      queue: other,
      reads,
      journal,
      metrics: new Metrics(),
      log: recordedLog().log,
    }).catch((failure: unknown) => failure);
    expect(error)
      .to.be.instanceOf(StartError)
      .with.property('message')
      .that.matches(/PORT\): the port is already in use$/);
    expect(other.claims).to.equal(0);
  });

  it('has a port for operators when it is told to, and says in one line when that is taken', async () => {
    await start();
    expect(archiver?.operatorPort).to.equal(undefined);
    await archiver?.close();
    const parts = { db, queue, reads, journal, metrics: new Metrics(), log: recordedLog().log };
    archiver = await createArchiver(config({ OPERATOR_PORT: '0' }), parts);
    const url = `http://127.0.0.1:${archiver.operatorPort}`;
    expect(await (await fetch(`${url}/readyz`)).json()).to.deep.equal({ status: 'ready' });
    queue.away = true;
    await until(async () => (await (await fetch(`${url}/readyz`)).text()).includes('Redis does not answer'));
    const other = new TestQueue();
    const taken = config({ OPERATOR_PORT: String(archiver.operatorPort) });
    const error = await createArchiver(taken, { ...parts, metrics: new Metrics(), queue: other }).catch(
      (failure: unknown) => failure,
    );
    expect(error)
      .to.be.instanceOf(StartError)
      .with.property('message')
      .that.matches(/OPERATOR_PORT\): the port is already in use$/);
    expect(other.claims).to.equal(0);
  });

  it('names a setting that is wrong', () => {
    expect(() => config({ ARCHIVE_LEASE_MS: '10' })).to.throw(/^ARCHIVE_LEASE_MS="10" is not valid/);
    expect(() => config({ DATABASE_URL: '' })).to.throw(/^DATABASE_URL is not set/);
  });
});
