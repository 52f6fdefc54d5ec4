import { randomBytes } from 'node:crypto';
import { migrate } from '@chorus/database';
import { freePort, type LocalServer, startPostgres, startRedis } from '@chorus/local';
import { Closer } from '@chorus/service';
import { ensureTestRedis, eventually, silentLog } from '@chorus/testing';
import { expect } from 'chai';
import { request } from './support/clients/people.js';
import { type Program, startProgram } from './support/servers/program.js';

const HEALED_MS = 20_000;

describe('processes that start before Redis and PostgreSQL', function () {
  this.timeout(60_000);
  let closer: Closer;
  let redisPort: number;
  let postgres: LocalServer;
  let databaseUrl: string;

  before(async () => {
    await ensureTestRedis();
    postgres = await startPostgres();
    databaseUrl = postgres.url;
    await migrate(databaseUrl, silentLog);
  });
  after(() => postgres.close());
  beforeEach(async () => {
    closer = new Closer();
    redisPort = await freePort();
  });
  afterEach(() => closer.close());

  interface Started {
    readonly program: Program;
    ask(path: string): Promise<{ status: number; body: unknown }>;
  }
  const launch = async (
    app: 'api' | 'archiver' | 'dispatcher' | 'gateway',
    env: Record<string, string> = {},
  ): Promise<Started> => {
    const port = await freePort();
    const program = startProgram(`dist/${app}.js`, [], {
      HOST: '127.0.0.1',
      PORT: String(port),
      REDIS_URL: `redis://127.0.0.1:${redisPort}`,
      REDIS_TIMEOUT_MS: '1000',
      DATABASE_URL: databaseUrl,
      JWT_SECRET: randomBytes(32).toString('hex'),
      DRAIN_DELAY_MS: '0',
      DRAIN_MS: '0',
      ...env,
    });
    closer.defer(async () => {
      program.kill('SIGKILL');
      await program.ended;
    });
    return { program, ask: (path) => request(`http://127.0.0.1:${port}${path}`) };
  };
  const answers = (started: Started, path: string, status: number, error?: string): Promise<void> =>
    eventually(async () => {
      const { status: found, body } = await started.ask(path);
      const told = typeof body === 'object' && body !== null && 'error' in body ? body.error : undefined;
      expect([found, told]).to.deep.equal([status, error]);
    }, HEALED_MS);
  /** Log lines that contain the text. */
  const lines = ({ program }: Started, text: string): string[] =>
    program.stderr.split('\n').filter((line) => line.includes(text));

  it('run, report why they are not ready, and become ready when both are up', async () => {
    const [api, archiver, gateway] = [await launch('api'), await launch('archiver'), await launch('gateway')];
    for (const started of [api, archiver, gateway]) await answers(started, '/livez', 200);
    const redis = 'cannot be reached (ECONNREFUSED)';
    await answers(api, '/readyz', 503, `starting: PostgreSQL: ok; Redis: ${redis}`);
    await answers(archiver, '/readyz', 503, `starting: Redis ${redis}`);
    await answers(gateway, '/readyz', 503, `starting: Redis ${redis}`);
    closer.add(await startRedis({ port: redisPort }));
    for (const started of [api, archiver, gateway]) {
      await answers(started, '/readyz', 200);
      await eventually(() => expect(lines(started, 'ECONNREFUSED').length).to.be.within(1, 4));
    }
  });

  it('wait for PostgreSQL as well', async () => {
    closer.add(await startRedis({ port: redisPort }));
    const away = new URL(databaseUrl);
    away.port = String(await freePort());
    const [api, archiver, dispatcher] = [
      await launch('api', { DATABASE_URL: away.href }),
      await launch('archiver', { DATABASE_URL: away.href }),
      await launch('dispatcher', { DATABASE_URL: away.href }),
    ];
    await answers(api, '/readyz', 503, 'starting: PostgreSQL: cannot be reached; Redis: rooms missing');
    await answers(archiver, '/readyz', 503, 'starting: PostgreSQL cannot be reached');
    await answers(dispatcher, '/readyz', 503, 'starting: PostgreSQL cannot be reached');
    // Written a moment later.
    await eventually(() => expect(lines(archiver, 'not able to work')).to.have.length(1));
  });

  it('end with status 0 on SIGTERM while they wait', async () => {
    const away = `postgresql://chorus@127.0.0.1:${await freePort()}/chorus`;
    for (const app of ['api', 'archiver', 'dispatcher', 'gateway'] as const) {
      const started = await launch(app, { DATABASE_URL: away });
      await answers(started, '/livez', 200);
      started.program.kill('SIGTERM');
      expect(await started.program.ended, app).to.equal(0);
    }
  });

  it('log a wrong password once, and keep trying', async () => {
    const redis = closer.add(await startRedis({ port: redisPort, args: ['--requirepass', 'right'] }));
    const gateway = await launch('gateway', { REDIS_URL: `redis://:wrong@127.0.0.1:${redis.port}` });
    await answers(gateway, '/readyz', 503, 'starting: Redis cannot be reached (WRONGPASS)');
    await answers(gateway, '/livez', 200);
    // One for each purpose of a connection.
    await eventually(() => expect(lines(gateway, 'WRONGPASS').length).to.be.within(1, 3));
    const anonymous = await launch('archiver');
    await answers(anonymous, '/readyz', 503, 'starting: Redis cannot be reached (NOAUTH)');
  });

  it('refuse to start with a database that Redis does not have', async () => {
    closer.add(await startRedis({ port: redisPort }));
    for (const app of ['api', 'archiver', 'gateway'] as const) {
      const { program } = await launch(app, {
        REDIS_URL: `redis://127.0.0.1:${redisPort}/20`,
        LOG_LEVEL: 'fatal',
      });
      expect(await program.ended, app).to.equal(1);
      expect(program.stderr).to.equal(
        'REDIS_URL is not valid: its database cannot be used: ERR DB index is out of range\n',
      );
    }
  });
});
