import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDatabase, lookUpProcess } from '@chorus/local';
import { connectPlain, type TestRedis, testDatabase, testRedis, until } from '@chorus/testing';
import { expect } from 'chai';
import { createPerson, createRoom, request, signIn } from './support/clients/people.js';
import { TEST_SETTINGS } from './support/servers/cluster.js';
import { throughLoopback } from './support/servers/loopback.js';
import { type Program, startProgram } from './support/servers/program.js';

interface Part {
  nodeId: string;
  url: string;
  /** Not of servers. */
  operatorUrl?: string | null;
  pid: number | null;
}

interface Description {
  url: string;
  apis: Part[];
  gateways: Part[];
  archivers: Part[];
  dispatchers: Part[];
  redis: Part;
  postgres: Part;
  operatorUrl: string | null;
  redisPrefix: string;
}

describe('the cluster command', function () {
  this.timeout(60_000);

  /** Where the clusters put what is temporary. */
  let folder: string;
  let pids: number[] = [];
  const programs: Program[] = [];
  /** The cluster that the tests of a suite use one after the other. */
  let program: Program;
  let cluster: Description;

  const open = async (): Promise<void> => {
    folder = await mkdtemp(join(tmpdir(), 'chorus-command-'));
    pids = [];
  };
  const close = async (): Promise<void> => {
    for (const program of programs.splice(0)) {
      program.kill('SIGKILL');
      await program.ended;
    }
    await untilGone(pids);
    await untilEmpty(folder);
    await rm(folder, { recursive: true });
  };

  const launch = (args: string[], env: Record<string, string> = {}): Program => {
    const program = startProgram('dist/cluster.js', args, {
      TMPDIR: folder,
      ...TEST_SETTINGS,
      ...env,
    });
    programs.push(program);
    return program;
  };

  const start = async (args: string[], env?: Record<string, string>) => {
    const program = launch(['--port', '0', ...args], env);
    const [line] = await program.printed(/^.*\n/);
    const cluster = JSON.parse(line) as Description;
    const { apis, gateways, archivers, dispatchers, redis, postgres } = cluster;
    pids = [...apis, ...gateways, ...archivers, ...dispatchers, redis, postgres].flatMap(
      ({ pid }) => pid ?? [],
    );
    return { program, cluster };
  };

  const startsOnce = (begin: () => ReturnType<typeof start>): void => {
    before(async () => {
      await open();
      ({ program, cluster } = await begin());
    });
    after(close);
  };

  describe('with several processes of each service', () => {
    startsOnce(() => start(['--gateways', '2', '--apis', '2', '--archivers', '2']));

    it('runs processes of their own behind one port, and describes them in one line', async () => {
      expect(cluster.apis.map(({ nodeId }) => nodeId)).to.deep.equal(['api-1', 'api-2']);
      expect(cluster.gateways.map(({ nodeId }) => nodeId)).to.deep.equal(['gateway-1', 'gateway-2']);
      expect(cluster.operatorUrl).to.equal(null);
      expect(cluster.archivers.map(({ nodeId }) => nodeId)).to.deep.equal(['archiver-1', 'archiver-2']);
      expect(new Set(pids).size).to.equal(9);
      for (const { url } of [
        ...cluster.apis,
        ...cluster.gateways,
        ...cluster.archivers,
        ...cluster.dispatchers,
      ]) {
        expect((await request(`${url}/readyz`)).status).to.equal(200);
      }
      expect(cluster.gateways.map(({ operatorUrl }) => operatorUrl)).to.deep.equal([null, null]);

      const ada = await createPerson(cluster.url);
      const room = await createRoom(cluster.url, ada);
      const sockets = await Promise.all(
        cluster.gateways.map(() => connectPlain(cluster.url, room, ada.token)),
      );
      sockets[0]?.send('hello');
      for (const socket of sockets) await socket.message('hello');
      await Promise.all(sockets.map((socket) => socket.close()));
    });

    it('lets other users of the machine into neither its Redis nor its PostgreSQL', async () => {
      const withoutPassword = (url: string): string => {
        const parts = new URL(url);
        expect(parts.password).to.match(/^[0-9a-f]{48}$/);
        parts.password = '';
        return parts.href;
      };
      const redis = connect(Number(new URL(withoutPassword(cluster.redis.url)).port), '127.0.0.1');
      redis.end('PING\r\n');
      expect(await text(redis)).to.match(/^-NOAUTH /);
      const stranger = createDatabase(withoutPassword(cluster.postgres.url));
      expect(await stranger.catch((error: unknown) => error)).to.be.instanceOf(Error);
      for (const pid of pids) {
        const { command } = (await lookUpProcess(pid)) ?? {};
        for (const { url } of [cluster.redis, cluster.postgres]) {
          expect(command).to.be.a('string').and.not.include(new URL(url).password);
        }
      }
    });

    it('goes on without a process that was killed', async () => {
      const victims = [cluster.apis[0], cluster.gateways[0]];
      for (const victim of victims) {
        process.kill(victim?.pid ?? 0, 'SIGKILL');
        await until(() => program.stderr.includes(`${victim?.nodeId} has ended by SIGKILL`));
      }
      const ada = await createPerson(cluster.url);
      const room = await createRoom(cluster.url, ada);
      for (let n = 0; n < 4; n++) await (await connectPlain(cluster.url, room, ada.token)).close();
      // A restart would have come after one second.
      await sleep(1_500);
      expect(program.stderr.match(/gateway-1 is ready/g)).to.have.length(1);
    });

    it('ends everything on Ctrl-C with status 0, and its sockets with a code', async () => {
      const ada = await createPerson(cluster.url);
      const socket = await connectPlain(cluster.url, await createRoom(cluster.url, ada), ada.token);
      program.interrupt();
      expect(await program.ended).to.equal(0);
      expect((await socket.ended).code).to.equal(1012);
      await untilGone(pids);
      expect(program.stdout.trim().split('\n')).to.have.length(1);
    });
  });

  describe('with --restart and a port for operators', () => {
    const token = 'for-tests-only';
    startsOnce(() =>
      start(['--gateways', '1', '--apis', '2', '--restart'], { OPERATOR_PORT: '0', OPERATOR_TOKEN: token }),
    );

    it('serves operators by its first API', async () => {
      expect(cluster.operatorUrl).to.match(/^http:\/\/localhost:\d+$/);
      expect(cluster.url).to.match(/^http:\/\/localhost:\d+$/);
      for (const each of throughLoopback(`${cluster.operatorUrl}/bans`)) {
        expect((await request(each)).status, each).to.equal(401);
      }
      for (const each of throughLoopback(`${cluster.url}/readyz`)) {
        expect((await request(each)).status, each).to.equal(200);
      }
      expect((await request(`${cluster.operatorUrl}/bans`, { token })).body).to.deep.equal({
        bans: [],
        nextCursor: null,
      });
    });

    it('starts a killed process again with --restart, under its name and address', async () => {
      const [gateway] = cluster.gateways;
      process.kill(gateway?.pid ?? 0, 'SIGKILL');
      const again = /gateway-1 has ended by SIGKILL.*gateway-1 is ready \(pid (\d+)\)/s;
      await until(() => again.test(program.stderr));
      const pid = Number(again.exec(program.stderr)?.[1]);
      expect(pid).to.not.equal(gateway?.pid);
      pids.push(pid);
      expect((await request(`${gateway?.url}/readyz`)).status).to.equal(200);
    });

    it('leaves nothing behind when it is killed itself', async () => {
      program.kill('SIGKILL');
      await untilGone(pids);
      await untilEmpty(folder);
    });
  });

  describe('with given servers and ports for operators', () => {
    let redis: TestRedis;
    let database: string;

    startsOnce(async () => {
      redis = await testRedis();
      database = await testDatabase();
      const env = {
        REDIS_URL: redis.url,
        DATABASE_URL: database,
        MAX_FRAME_BYTES: '16',
        OPERATOR_TOKEN: 'for-tests-only',
      };
      return start(['--gateways', '1', '--apis', '2', '--operator-ports', '0'], env);
    });

    it('gives every process a port for operators when it is asked to', async () => {
      const members = [...cluster.apis, ...cluster.gateways, ...cluster.archivers, ...cluster.dispatchers];
      expect(new Set(members.map(({ operatorUrl }) => operatorUrl)).size).to.equal(5);
      for (const { nodeId, operatorUrl } of members) {
        const { body } = await request(`${operatorUrl}/metrics`);
        expect(body).to.match(new RegExp(`^chorus_build_info\\{.*node="${nodeId}"`, 'm'));
      }
      expect(cluster.operatorUrl).to.equal(cluster.apis[0]?.operatorUrl);
      for (const { operatorUrl } of cluster.apis) {
        expect((await request(`${operatorUrl}/nodes`)).status).to.equal(401);
        expect((await request(`${operatorUrl}/nodes`, { token: 'for-tests-only' })).status).to.equal(200);
      }
    });

    it('uses the Redis and the PostgreSQL that it is given, and passes settings on', async () => {
      expect(cluster.redis).to.deep.equal({ nodeId: 'redis', url: redis.url, pid: null });
      expect(cluster.postgres).to.deep.equal({ nodeId: 'postgres', url: database, pid: null });
      expect(cluster.redisPrefix, 'another cluster may use the same Redis').to.match(/^chorus-[0-9a-f]{8}$/);
      const ada = await createPerson(cluster.url);
      const socket = await connectPlain(cluster.url, await createRoom(cluster.url, ada), ada.token);
      socket.send('more than sixteen bytes');
      expect((await socket.ended).code).to.equal(1009);
    });
  });

  describe('by itself', () => {
    beforeEach(open);
    afterEach(close);

    it('finds its data again in DATA_DIR', async () => {
      const env = { DATA_DIR: await mkdtemp(join(tmpdir(), 'chorus-data-')) };
      const first = await start(['--gateways', '1', '--apis', '1'], env);
      const ada = await createPerson(first.cluster.url);
      const room = await createRoom(first.cluster.url, ada, 'kept');
      first.program.interrupt();
      await first.program.ended;
      const second = await start(['--gateways', '1', '--apis', '1'], env);
      const { token } = await signIn(second.cluster.url, ada);
      const rooms = await request(`${second.cluster.url}/ws/get-rooms`, { token });
      expect(rooms.body).to.deep.equal([{ id: room, name: 'kept' }]);
      second.program.interrupt();
      await second.program.ended;
      await rm(env.DATA_DIR, { recursive: true });
    });

    it('says in one line that its port is taken, before it starts anything', async () => {
      const blocker = createServer().listen(0, '127.0.0.1');
      await once(blocker, 'listening');
      const { port } = blocker.address() as AddressInfo;
      const program = launch(['--port', String(port)]);
      expect(await program.ended).to.equal(1);
      blocker.close();
      expect(program.stderr).to.equal(`port ${port} is already in use\n`);
    });

    it('says in one line what is wrong with its arguments', async () => {
      const number = launch(['--gateways', 'three']);
      expect(await number.ended).to.equal(1);
      expect(number.stderr).to.equal(
        "error: option '--gateways <number>' argument 'three' is invalid. It must be a whole number from 1 to 64.\n",
      );
      const unknown = launch(['--gateway', '3']);
      expect(await unknown.ended).to.equal(1);
      expect(unknown.stderr).to.match(/^error: unknown option '--gateway'/);
    });

    it('says in one line how to get a Redis when there is none', async () => {
      const program = launch(['--port', '0'], { PATH: '/nowhere' });
      expect(await program.ended).to.equal(1);
      expect(program.stderr).to.match(/redis-server was not found on the PATH: install it .*\n$/);
    });

    it('says in one line which setting of a process is wrong', async () => {
      const program = launch(['--port', '0', '--gateways', '1', '--apis', '1'], { MAX_FRAME_BYTES: 'many' });
      expect(await program.ended).to.equal(1);
      expect(program.stderr).to.match(
        /gateway-1 ended while starting: MAX_FRAME_BYTES="many" is not valid.*\n$/,
      );
    });
  });
});

async function untilGone(pids: readonly number[]): Promise<void> {
  for (const pid of pids) await until(async () => (await lookUpProcess(pid)) === undefined);
}

async function untilEmpty(folder: string): Promise<void> {
  await until(async () => (await readdir(folder)).length === 0);
}
