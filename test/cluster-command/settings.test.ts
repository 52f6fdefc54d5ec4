import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectPlain, type TestRedis, testDatabase, testRedis } from '@chorus/testing';
import { expect } from 'chai';
import { createPerson, createRoom, request, signIn } from '../support/clients/people.js';
import { CommandSuite } from './command-suite.js';

describe('the cluster command with given servers and ports for operators', function () {
  this.timeout(60_000);
  const command = new CommandSuite();
  let redis: TestRedis;
  let database: string;

  command.startsOnce(async () => {
    redis = await testRedis();
    database = await testDatabase();
    const env = {
      REDIS_URL: redis.url,
      DATABASE_URL: database,
      MAX_FRAME_BYTES: '16',
      OPERATOR_TOKEN: 'for-tests-only',
    };
    return command.start(['--gateways', '1', '--apis', '2', '--operator-ports', '0'], env);
  });

  it('gives every process a port for operators when it is asked to', async () => {
    const { cluster } = command.started;
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
    const { cluster } = command.started;
    expect(cluster.redis).to.deep.equal({ nodeId: 'redis', url: redis.url, pid: null });
    expect(cluster.postgres).to.deep.equal({ nodeId: 'postgres', url: database, pid: null });
    expect(cluster.redisPrefix, 'another cluster may use the same Redis').to.match(/^chorus-[0-9a-f]{8}$/);
    const ada = await createPerson(cluster.url);
    const socket = await connectPlain(cluster.url, await createRoom(cluster.url, ada), ada.token);
    socket.send('more than sixteen bytes');
    expect((await socket.ended).code).to.equal(1009);
  });
});

describe('the cluster command by itself', function () {
  this.timeout(60_000);
  const command = new CommandSuite();
  beforeEach(() => command.open());
  afterEach(() => command.close());

  it('finds its data again in DATA_DIR', async () => {
    const env = { DATA_DIR: await mkdtemp(join(tmpdir(), 'chorus-data-')) };
    const first = await command.start(['--gateways', '1', '--apis', '1'], env);
    const ada = await createPerson(first.cluster.url);
    const room = await createRoom(first.cluster.url, ada, 'kept');
    first.program.interrupt();
    await first.program.ended;
    const second = await command.start(['--gateways', '1', '--apis', '1'], env);
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
    const program = command.launch(['--port', String(port)]);
    expect(await program.ended).to.equal(1);
    blocker.close();
    expect(program.stderr).to.equal(`port ${port} is already in use\n`);
  });

  it('says in one line what is wrong with its arguments', async () => {
    const number = command.launch(['--gateways', 'three']);
    expect(await number.ended).to.equal(1);
    expect(number.stderr).to.equal(
      "error: option '--gateways <number>' argument 'three' is invalid. It must be a whole number from 1 to 64.\n",
    );
    const unknown = command.launch(['--gateway', '3']);
    expect(await unknown.ended).to.equal(1);
    expect(unknown.stderr).to.match(/^error: unknown option '--gateway'/);
  });

  it('says in one line how to get a Redis when there is none', async () => {
    const program = command.launch(['--port', '0'], { PATH: '/nowhere' });
    expect(await program.ended).to.equal(1);
    expect(program.stderr).to.match(/redis-server was not found on the PATH: install it .*\n$/);
  });

  it('says in one line which setting of a process is wrong', async () => {
    const program = command.launch(['--port', '0', '--gateways', '1', '--apis', '1'], {
      MAX_FRAME_BYTES: 'many',
    });
    expect(await program.ended).to.equal(1);
    expect(program.stderr).to.match(
      /gateway-1 ended while starting: MAX_FRAME_BYTES="many" is not valid.*\n$/,
    );
  });
});
