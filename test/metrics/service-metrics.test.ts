import { connectPlain, eventually, type PlainSocket } from '@chorus/testing';
import { expect } from 'chai';
import { expectDocumented } from '../docs/metrics-page.js';
import { createPerson, createRoom, type Person, request } from '../support/clients/people.js';
import { type MetricsText, readMetrics } from '../support/metrics.js';
import { startTestCluster, type TestCluster } from '../support/servers/cluster.js';

/** Longer than an outage takes to be noticed, and what follows it, on a machine that has other things to do. */
const LONG_MS = 30_000;
/** Far below the timeout of a scrape, which is 10 s. */
const SCRAPE_MS = 5_000;

describe('the metrics of an API and an archiver', function () {
  this.timeout(120_000);

  let cluster: TestCluster;
  let ann: Person;
  let room: number;
  let socket: PlainSocket;

  before(async () => {
    cluster = await startTestCluster({
      gateways: 1,
      apis: 1,
      archivers: 1,
      ownServers: true,
      operatorPorts: true,
      env: {
        DATABASE_TIMEOUT_MS: '1000',
        REDIS_TIMEOUT_MS: '1000',
        ARCHIVE_INTERVAL_MS: '20',
        // Few enough to fill the queue.
        BCRYPT_COST: '8',
        BCRYPT_CONCURRENCY: '1',
        BCRYPT_QUEUE: '2',
      },
    });
    ann = await createPerson(cluster.url, 'ann');
    room = await createRoom(cluster.url, ann);
    socket = await connectPlain(cluster.url, room, ann.token);
  });
  after(() => cluster?.close());

  const api = (): Promise<MetricsText> => readMetrics(cluster.apis[0]?.operatorUrl ?? '');
  const archiver = (): Promise<MetricsText> => readMetrics(cluster.archivers[0]?.operatorUrl ?? '');
  /** Directly: the balancer would turn a path that it does not know into something else. */
  const ask = (path: string, options = {}) => request(`${cluster.apis[0]?.url}${path}`, options);
  const requests = (metrics: MetricsText, method: string, route: string, status: number): number => {
    const series = `chorus_api_requests_total{method="${method}",route="${route}",status="${status}"}`;
    return metrics.families.get('chorus_api_requests_total')?.series.get(series) ?? 0;
  };
  /** Its value, or undefined while it is not told. */
  const told = (metrics: MetricsText, name: string): number | undefined =>
    metrics.families.get(name)?.series.get(name);
  const say = async (count: number): Promise<void> => {
    const already = socket.frames.filter(({ type }) => type === 'message').length;
    for (let n = 0; n < count; n++) socket.send(`message ${already + n}`);
    await socket.messages(already + count);
  };

  it('are those that the page documents, no more and no less', async () => {
    expectDocumented(await api(), ['api']);
    expectDocumented(await archiver(), ['archiver']);
  });

  it('count what succeeds and what does not, by route and status', async () => {
    const before = await api();
    expect((await ask('/api/users/me', { token: ann.token })).status).to.equal(200);
    expect((await ask('/api/users/me')).status).to.equal(401);
    expect((await ask(`/api/rooms/${room}`, { method: 'DELETE' })).status).to.equal(401);
    expect((await ask('/api/users/signin', { raw: '{' })).status).to.equal(400);
    const after = await api();
    for (const [method, route, status] of [
      ['GET', '/api/users/me', 200],
      ['GET', '/api/users/me', 401],
      ['DELETE', '/api/rooms/:roomId', 401],
      ['POST', '/api/users/signin', 400],
    ] as const) {
      const grown = requests(after, method, route, status) - requests(before, method, route, status);
      expect(grown, `${method} ${route} ${status}`).to.equal(1);
    }
  });

  it('do not grow with a thousand unknown paths', async () => {
    await ask('/nothing');
    const before = await api();
    for (let n = 0; n < 1_000; n += 50) {
      const paths = Array.from({ length: 50 }, (_, index) => `/nothing/${n + index}?q=${n}`);
      for (const { status } of await Promise.all(paths.map((path) => ask(path))))
        expect(status).to.equal(404);
    }
    const after = await api();
    expect(requests(after, 'GET', 'unmatched', 404) - requests(before, 'GET', 'unmatched', 404)).to.equal(
      1_000,
    );
    expect(after.families.get('chorus_api_requests_total')?.series.size).to.equal(
      before.families.get('chorus_api_requests_total')?.series.size,
    );
    expect(after.families.get('chorus_api_request_seconds')?.series.size).to.equal(
      before.families.get('chorus_api_request_seconds')?.series.size,
    );
  });

  it('say how many sign-ins there was no room for', async () => {
    const before = await api();
    const body = { email: 'nobody@example.com', password: 'takes as long as a real one' };
    const answers = await Promise.all(Array.from({ length: 30 }, () => ask('/api/users/signin', { body })));
    const refused = answers.filter(({ status }) => status === 503).length;
    expect(refused).to.be.above(0);
    const after = await api();
    const name = 'chorus_api_password_hashes_refused_total';
    expect(after.value(name) - before.value(name)).to.equal(refused);
    expect(requests(after, 'POST', '/api/users/signin', 503)).to.equal(refused);
    expect(after.value('chorus_api_password_hashes_running')).to.equal(0);
    expect(after.value('chorus_api_password_hashes_waiting')).to.equal(0);
  });

  it('tell what waits while PostgreSQL is away and for how long, and that nothing does when it is back', async () => {
    await say(1);
    await eventually(async () => {
      expect((await archiver()).value('chorus_archiver_lag_seconds')).to.equal(0);
    });
    const before = await archiver();
    const apiBefore = await api();
    await cluster.postgres.member?.stop();
    const startedAt = Date.now();
    await say(7);
    await eventually(async () => {
      const now = await archiver();
      expect(now.value('chorus_archiver_backlog_messages')).to.equal(7);
      expect(now.value('chorus_archiver_lag_seconds')).to.be.above(1);
      const failed = 'chorus_archiver_batches_total{outcome="failed"}';
      expect(now.value(failed)).to.be.above(before.value(failed));
      expect(now.value('chorus_postgres_errors_total')).to.be.above(
        before.value('chorus_postgres_errors_total'),
      );
    }, LONG_MS);
    const waiting = await archiver();
    expect(waiting.value('chorus_archiver_backlog_bytes')).to.be.above(7 * 128);
    expect(waiting.value('chorus_archiver_lag_seconds')).to.be.lessThan((Date.now() - startedAt) / 1_000 + 1);
    expect(waiting.value('chorus_archiver_messages_total')).to.equal(
      before.value('chorus_archiver_messages_total'),
    );

    expect((await ask('/api/rooms', { token: ann.token })).status).to.equal(503);
    const apiAway = await api();
    expect(requests(apiAway, 'GET', '/api/rooms', 503)).to.equal(1);
    expect(apiAway.value('chorus_postgres_errors_total')).to.be.above(
      apiBefore.value('chorus_postgres_errors_total'),
    );

    await cluster.postgres.member?.start();
    await eventually(async () => {
      const now = await archiver();
      expect(now.value('chorus_archiver_lag_seconds')).to.equal(0);
      expect(now.value('chorus_archiver_backlog_messages')).to.equal(0);
      expect(now.value('chorus_archiver_backlog_bytes')).to.equal(0);
      const messages = 'chorus_archiver_messages_total';
      expect(now.value(messages) - before.value(messages)).to.equal(7);
    }, LONG_MS);
    const after = await archiver();
    const stored = 'chorus_archiver_batches_total{outcome="stored"}';
    expect(after.value('chorus_archiver_batch_seconds_count')).to.equal(after.value(stored));
  });

  it('are told at once by everybody while Redis is frozen, without what is not known then', async () => {
    const before = await archiver();
    cluster.redis.member?.kill('SIGSTOP');
    try {
      const urls = [...cluster.apis, ...cluster.archivers].map(({ operatorUrl }) => operatorUrl ?? '');
      for (let round = 0; round < 3; round++) {
        await Promise.all(
          urls.flatMap((url) =>
            Array.from({ length: 10 }, async () => {
              const startedAt = performance.now();
              const now = await readMetrics(url);
              expect(performance.now() - startedAt).to.be.lessThan(SCRAPE_MS);
              expect(told(now, 'chorus_archiver_backlog_messages')).to.equal(undefined);
              expect(told(now, 'chorus_archiver_lag_seconds')).to.equal(undefined);
            }),
          ),
        );
      }
      await eventually(async () => {
        const [now] = [await archiver()];
        expect(now.value('chorus_redis_connected{purpose="archiver"}')).to.equal(0);
        expect((await api()).value('chorus_redis_connected{purpose="api"}')).to.equal(0);
      }, LONG_MS);
    } finally {
      cluster.redis.member?.kill('SIGCONT');
    }
    await eventually(async () => {
      const now = await archiver();
      expect(now.value('chorus_redis_connected{purpose="archiver"}')).to.equal(1);
      expect(now.value('chorus_archiver_lag_seconds')).to.equal(0);
      expect(now.value('chorus_archiver_backlog_messages')).to.equal(0);
      const errors = 'chorus_redis_errors_total{purpose="archiver"}';
      expect(now.value(errors)).to.be.above(before.value(errors));
      expect((await api()).value('chorus_redis_connected{purpose="api"}')).to.equal(1);
    }, LONG_MS);
  });
});
