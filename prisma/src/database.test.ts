import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { patiently, silentLog, testDatabase } from '@chorus/testing';
import { expect } from 'chai';
import { createDatabase, type Database } from './database.js';
import { DatabaseWatch } from './database-watch.js';
import { isDatabaseUnavailable, isUniqueViolation } from './errors.js';
import { migrate } from './migrations/migrate.js';

const TIMEOUT_MS = patiently(1_000);

/** A proxy to PostgreSQL that can stop forwarding without closing. */
class FreezableProxy {
  readonly #sockets = new Set<Socket>();
  #frozen = false;

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(target: string): Promise<FreezableProxy> {
    const { hostname, port } = new URL(target);
    const server = createServer((client) => {
      const upstream = connect(Number(port), hostname);
      for (const [from, to] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        proxy.#sockets.add(from);
        from.on('data', (data) => {
          if (!proxy.#frozen) to.write(data);
        });
        from.on('error', () => {});
        from.on('close', () => to.destroy());
      }
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = new URL(target);
    url.port = String((server.address() as AddressInfo).port);
    const proxy = new FreezableProxy(server, url.href);
    return proxy;
  }

  freeze(frozen: boolean): void {
    this.#frozen = frozen;
  }

  /** Cuts all connections; new ones are possible. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  close(): void {
    this.cut();
    this.server.close();
  }
}

async function failure(action: () => Promise<unknown>): Promise<unknown> {
  try {
    await action();
  } catch (error) {
    return error;
  }
  throw new Error('it did not fail');
}

describe('createDatabase', function () {
  this.timeout(60_000);
  let url: string;
  let proxy: FreezableProxy;
  let db: Database;
  const open = (to: string, poolSize = 2): Database =>
    createDatabase(to, { poolSize, timeoutMs: TIMEOUT_MS });

  before(async () => {
    url = await testDatabase();
    await migrate(url, silentLog);
    proxy = await FreezableProxy.start(url);
  });
  beforeEach(() => {
    db = open(proxy.url);
  });
  afterEach(async () => {
    proxy.freeze(false);
    await db.$disconnect();
  });
  after(() => proxy.close());

  const user = (name: string) => ({
    username: name,
    email: name,
    emailKey: name,
    passwordHash: 'secret-hash',
  });

  it('distinguishes a second row with a unique value from other failures', async () => {
    await db.user.create({ data: user('ann') });
    const error = await failure(() => db.user.create({ data: user('ann') }));
    expect(isUniqueViolation(error)).to.equal(true);
    expect(isDatabaseUnavailable(error)).to.equal(false);
  });

  it('leaves the values of a failed query out of its message', async () => {
    const error = await failure(() => db.user.create({ data: { ...user('bob'), username: 'b\0b' } }));
    expect(String(error)).not.to.include('secret-hash');
    expect(isDatabaseUnavailable(error)).to.equal(false);
    expect(isUniqueViolation(error)).to.equal(false);
  });

  it('keeps ids up to 2^53-1 exactly', async () => {
    const id = BigInt(Number.MAX_SAFE_INTEGER);
    await db.room.create({ data: { id, name: 'last' } });
    expect((await db.room.findFirst({ where: { name: 'last' } }))?.id).to.equal(id);
  });

  it('keeps one ban per user and room, and one from everything', async () => {
    const { id: roomId } = await db.room.create({ data: { name: 'quiet' } });
    for (const ban of [{ userId: 1n, roomId }, { userId: 1n }]) {
      await db.ban.create({ data: ban });
      const error = await failure(() => db.ban.create({ data: ban }));
      expect(isUniqueViolation(error), JSON.stringify(Object.keys(ban))).to.equal(true);
    }
    await db.room.delete({ where: { id: roomId } });
    expect((await db.ban.findMany()).map((ban) => ban.roomId)).to.deep.equal([null]);
  });

  it('fails at once when no server listens', async () => {
    const away = open('postgresql://user@127.0.0.1:1/none');
    expect(isDatabaseUnavailable(await failure(() => away.user.count()))).to.equal(true);
    expect(isDatabaseUnavailable(await failure(() => away.$queryRaw`SELECT 1`))).to.equal(true);
  });

  it('fails within the time-out when PostgreSQL accepts connections and does not answer', async () => {
    proxy.freeze(true);
    const errors = await Promise.all([1, 2, 3, 4].map(() => failure(() => db.user.count())));
    expect(errors.every(isDatabaseUnavailable)).to.equal(true);
  });

  it('fails within the time-out when PostgreSQL freezes later, and recovers', async () => {
    await db.user.count();
    proxy.freeze(true);
    const errors = await Promise.all([1, 2, 3, 4, 5, 6].map(() => failure(() => db.user.count())));
    expect(errors.map(isDatabaseUnavailable)).to.deep.equal(Array(6).fill(true));
    proxy.freeze(false);
    await db.user.count();
  });

  it('gives up a statement that takes too long', async () => {
    const error = await failure(() => db.$queryRaw`SELECT pg_sleep(30)::text`);
    expect(isDatabaseUnavailable(error)).to.equal(true);
    await db.user.count();
  });

  it('does not wait forever for a free connection', async () => {
    const sleep = (seconds: number) => db.$queryRaw`SELECT pg_sleep(${seconds})::text`;
    // Connecting takes time of its own.
    await Promise.all([sleep(0.01), sleep(0.01)]);
    // Of two at a time, two more wait for 0.6 of the timeout, and the last one for 1.2.
    const results = await Promise.allSettled(
      Array.from({ length: 5 }, () => sleep((0.6 * TIMEOUT_MS) / 1_000)),
    );
    const errors = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    expect(errors).to.have.length(1);
    expect(isDatabaseUnavailable(errors[0])).to.equal(true);
  });

  it('recovers by itself when its connections are cut, during a query or idle', async () => {
    const running = failure(() => db.$queryRaw`SELECT pg_sleep(0.4)::text`);
    await db.user.count();
    proxy.cut();
    expect(isDatabaseUnavailable(await running)).to.equal(true);
    // The idle connection may be used once more before the pool notices that it was cut.
    await db.user.count().catch(() => db.user.count());
  });

  it('reports a database without tables as unavailable: the migration is still to come', async () => {
    const empty = open(await testDatabase());
    expect(isDatabaseUnavailable(await failure(() => empty.user.count()))).to.equal(true);
    await empty.$disconnect();
  });

  it('lets a transaction wait for a connection as long as any other query', async () => {
    const busy = createDatabase(url, { poolSize: 1, timeoutMs: 30_000 });
    // Prisma sends a query when its promise is used.
    const slow = busy.$queryRaw`SELECT pg_sleep(2.5)::text`.then(() => undefined);
    await busy.$transaction(async (tx) => tx.user.count());
    await slow;
    await busy.$disconnect();
  });

  describe('reports to its watch', () => {
    it('every failed statement, and transactions that cannot begin', async () => {
      const watch = new DatabaseWatch();
      const watched = createDatabase(url, { poolSize: 2, timeoutMs: TIMEOUT_MS }, watch);
      await watched.user.count();
      await watched.$transaction(async (tx) => tx.$queryRaw`SELECT 1`);
      expect(watch.errors).to.equal(0);
      await failure(() => watched.$queryRaw`SELECT pg_sleep(30)::text`);
      expect(watch.errors).to.equal(1);
      await failure(() => watched.$executeRaw`DELETE FROM no_such_table`);
      expect(watch.errors).to.equal(2);
      await failure(() => watched.$transaction(async (tx) => tx.$queryRaw`SELECT no_such_column`));
      expect(watch.errors).to.equal(3);
      await watched.$disconnect();

      const nobody = createDatabase(
        'postgresql://user@127.0.0.1:1/none',
        { poolSize: 1, timeoutMs: 500 },
        watch,
      );
      await failure(() => nobody.user.count());
      expect(watch.errors).to.equal(4);
      await failure(() => nobody.$transaction(async (tx) => tx.user.count()));
      expect(watch.errors).to.equal(5);
    });

    it('no refused values: those are an answer', async () => {
      const watch = new DatabaseWatch();
      const watched = createDatabase(url, { poolSize: 2, timeoutMs: TIMEOUT_MS }, watch);
      await watched.user.create({ data: user('eve') });
      expect(isUniqueViolation(await failure(() => watched.user.create({ data: user('eve') })))).to.equal(
        true,
      );
      await failure(() => watched.user.create({ data: user('e\0ve') }));
      expect(watch.errors).to.equal(0);
      await watched.$disconnect();
    });
  });

  it('does not report bugs as unavailable', () => {
    for (const error of [new Error('boom'), new TypeError('x is undefined'), 'text', undefined, null]) {
      expect(isDatabaseUnavailable(error)).to.equal(false);
    }
  });
});
