import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Tokens } from '@chorus/auth';
import { ChorusApi, ChorusClient, type Room, type SentMessage } from '@chorus/client';
import { eventually } from '@chorus/testing';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { startTestCluster, type TestCluster } from '../support/cluster.js';
import {
  connectionsOf,
  type GatewayProcesses,
  gone,
  readiness,
  startGatewayProcesses,
} from '../support/gateway-processes.js';
import { OPERATOR_SETTINGS, operate } from '../support/operator.js';
import { createPerson, createRoom, request } from '../support/people.js';
import { connectSeed, type SeedClient, upgradeStatus } from '../support/seed-client.js';

const PROCESSES = 4;
/** A process that was started again takes connections by then, however busy the machine is. */
const STARTED_MS = 20_000;

describe('a gateway of four processes on one port', function () {
  this.timeout(60_000);

  let cluster: TestCluster;
  let tokens: Tokens;
  let room: number;
  let gateway: GatewayProcesses;
  let nodeId: string;
  const sockets: SeedClient[] = [];
  const clients: ChorusClient[] = [];
  let lastUser = 1_000_000;

  before(async () => {
    cluster = await startTestCluster({ gateways: 1, apis: 1, env: OPERATOR_SETTINGS });
    tokens = new Tokens(cluster.jwtSecret);
  });
  after(() => cluster?.close());

  beforeEach(async () => {
    const owner = await createPerson(cluster.url, 'owner');
    room = await createRoom(cluster.url, owner);
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
    await Promise.all(sockets.splice(0).map((socket) => socket.close()));
    const children = gateway.children().values();
    gateway.program.kill('SIGKILL');
    await gateway.program.ended;
    await gone(children);
  });

  const start = async (env: Record<string, string> = {}): Promise<void> => {
    gateway = await startGatewayProcesses(cluster, PROCESSES, env);
    const [first = ''] = gateway.children().keys();
    nodeId = first.replace(/-\d+$/, '');
  };
  const token = (): string => tokens.sign({ id: ++lastUser, username: `user-${lastUser}` });
  const join = async (url = gateway.url): Promise<SeedClient> => {
    const socket = await connectSeed(url, room, token());
    sockets.push(socket);
    return socket;
  };
  const joinAll = (count: number): Promise<SeedClient[]> =>
    Promise.all(Array.from({ length: count }, () => join()));
  const ids = (): string[] => Array.from({ length: PROCESSES }, (_, index) => `${nodeId}-${index + 1}`);
  const readyIds = async (): Promise<string[]> => [...(await connectionsOf(cluster, nodeId)).keys()].sort();

  it('is four nodes that the system deals connections to evenly', async () => {
    await start();
    for (let round = 0; round < 10; round++) await joinAll(40);
    await eventually(async () => {
      const counts = await connectionsOf(cluster, nodeId);
      expect([...counts.keys()].sort()).to.deep.equal(ids());
      expect([...counts.values()].reduce((sum, count) => sum + count)).to.equal(400);
      // More than four standard deviations.
      for (const count of counts.values()) expect(count).to.be.within(60, 140);
    });
  });

  it('has a parent that loads nothing of a gateway', async () => {
    await start();
    const [child = 0] = gateway.children().values();
    expect(await readFile(`/proc/${child}/maps`, 'utf8')).to.match(/uws_linux\w*\.node/);
    expect(await readFile(`/proc/${gateway.program.pid}/maps`, 'utf8')).not.to.match(/uws_linux\w*\.node/);
  });

  it('brings everything to everybody, whichever process they are on, in one order', async () => {
    await start();
    const members = await joinAll(40);
    for (let round = 0; round < 10; round++) {
      for (const [index, member] of members.entries()) member.send(`${index}: ${round}`);
    }
    const total = members.length * 10;
    const [order = [], ...others] = await Promise.all(members.map((member) => member.messages(total)));
    expect(new Set(order).size).to.equal(total);
    for (const other of others) expect(other).to.deep.equal(order);
  });

  it('drains all processes on SIGTERM and ends with status 0, nobody announced as gone', async () => {
    await start({ DRAIN_DELAY_MS: '600', DRAIN_MS: '500', PRESENCE_GRACE_MS: '100' });
    const elsewhere = cluster.gateways[0]?.url;
    const watching = await join(elsewhere);
    const members = await joinAll(40);
    gateway.program.kill('SIGTERM');
    await eventually(async () => expect(await readiness(gateway.url)).to.equal(503));
    // Balancers have not noticed yet.
    for (let index = 0; index < 8; index++) members.push(await join());
    for (const { ended } of members) {
      expect(await ended).to.deep.equal({ code: 1012, reason: 'gateway restarting' });
    }
    for (const _ of members) await join(elsewhere);
    expect(await gateway.program.ended).to.equal(0);
    expect(await readyIds()).to.deep.equal([]);
    sockets.at(-1)?.send('done');
    await watching.message('done');
    expect(watching.frames.filter(({ type }) => type === 'left')).to.deep.equal([]);
  });

  it('loses nothing when one is killed: its clients resume on the others, and it is started again', async () => {
    await start({ PRESENCE_LEASE_MS: '1500' });
    const received = new Map<Room, string[]>();
    for (let index = 0; index < 24; index++) {
      const contents: string[] = [];
      const own = token();
      const client = new ChorusClient({
        ...{ url: gateway.url, token: own, api: new ChorusApi({ url: cluster.url, token: own }) },
        ...{ webSocket: WebSocket, backoff: { baseMs: 50, capMs: 500 } },
      });
      clients.push(client);
      client.connect();
      const joined = client.join(room);
      joined.on('message', ({ content }) => contents.push(content));
      received.set(joined, contents);
    }
    const rooms = [...received.keys()];
    await Promise.all(rooms.map((joined) => joined.joined()));
    const published: Array<Promise<SentMessage>> = [];
    const say = (count: number): void => {
      for (let index = 0; index < count; index++) {
        const joined = rooms[published.length % rooms.length];
        if (joined !== undefined) published.push(joined.send(`message ${published.length}`));
      }
    };
    say(48);
    const before = gateway.children();
    const pid = before.get(`${nodeId}-2`) ?? 0;
    process.kill(pid, 'SIGKILL');
    for (let round = 0; round < 20; round++) {
      say(12);
      await sleep(20);
    }
    await Promise.all(published);
    await eventually(() => {
      for (const contents of received.values()) expect(contents).to.have.length(published.length);
    });
    const [order = [], ...others] = received.values();
    expect(new Set(order).size).to.equal(published.length);
    for (const other of others) expect(other).to.deep.equal(order);

    const two = `${nodeId}-2`;
    await eventually(() => {
      expect(gateway.children().get(two), gateway.program.stderr).to.be.above(0).and.not.equal(pid);
    }, STARTED_MS);
    await eventually(async () => {
      await join();
      expect((await connectionsOf(cluster, nodeId)).get(two)).to.be.above(0);
    }, STARTED_MS);
    const after = gateway.children();
    for (const id of ids().filter((each) => each !== `${nodeId}-2`)) {
      expect(after.get(id)).to.equal(before.get(id));
    }
    expect(gateway.program.stderr).to.match(
      new RegExp(`"process":"${nodeId}-2","pid":${pid},.*started again`),
    );
  });

  it('lets one be drained without turning anybody away: the others take its share until it is back', async () => {
    await start();
    const members = await joinAll(40);
    const two = `${nodeId}-2`;
    await operate(cluster, `POST /nodes/${two}/drain`);
    let drained = false;
    const emptied = eventually(async () => {
      const { body } = await operate(cluster, 'GET /nodes');
      const { nodes } = body as { nodes: Array<{ nodeId: string; state: string; connections: number }> };
      const node = nodes.find((each) => each.nodeId === two);
      expect([node?.state, node?.connections]).to.deep.equal(['draining', 0]);
    }).finally(() => {
      drained = true;
    });
    for (let attempt = 0; attempt < 40 || !drained; attempt++) {
      expect(await upgradeStatus(gateway.url, room, token())).to.equal(101);
      expect(await readiness(gateway.url)).to.equal(200);
    }
    await emptied;
    const ended = members.filter(({ socket }) => socket.readyState === socket.CLOSED);
    expect(ended.length).to.be.within(1, 39);

    await operate(cluster, `DELETE /nodes/${two}/drain`);
    await eventually(async () => {
      await joinAll(10);
      expect((await connectionsOf(cluster, nodeId)).get(two)).to.be.above(0);
    });
  });

  it('is not ready, but alive, when all of them are drained, and ready as soon as one is not any more', async () => {
    await start();
    for (const id of ids()) await operate(cluster, `POST /nodes/${id}/drain`);
    await eventually(async () => expect(await readiness(gateway.url)).to.equal(503));
    expect((await request(`${gateway.url}/livez`)).status).to.equal(200);
    expect(await upgradeStatus(gateway.url, room, token())).to.equal(503);
    await operate(cluster, `DELETE /nodes/${nodeId}-3/drain`);
    await eventually(async () => expect(await readiness(gateway.url)).to.equal(200));
    await sleep(200);
    for (let attempt = 0; attempt < 20; attempt++) {
      expect(await readiness(gateway.url)).to.equal(200);
      await join();
    }
    await eventually(async () => {
      expect([...(await connectionsOf(cluster, nodeId))]).to.deep.equal([[`${nodeId}-3`, 20]]);
    });
  });

  it('replaces one that somebody ended, after it has drained', async () => {
    await start();
    const pid = gateway.children().get(`${nodeId}-1`) ?? 0;
    await joinAll(20);
    process.kill(pid, 'SIGTERM');
    await gone([pid]);
    await eventually(async () => expect(await readyIds()).to.deep.equal(ids()), STARTED_MS);
    expect(gateway.children().get(`${nodeId}-1`))
      .to.be.above(0)
      .and.not.equal(pid);
  });

  it('leaves nothing behind when its parent is killed: everybody is sent away first', async () => {
    await start();
    const members = await joinAll(20);
    const children = [...gateway.children().values()];
    expect(children).to.have.length(PROCESSES);
    gateway.program.kill('SIGKILL');
    for (const { ended } of members) expect((await ended).code).to.equal(1012);
    await gone(children);
    expect(await readyIds()).to.deep.equal([]);
  });

  it('ends at once on a second signal', async () => {
    await start({ DRAIN_DELAY_MS: '60000' });
    await joinAll(4);
    const children = [...gateway.children().values()];
    gateway.program.interrupt();
    await eventually(async () => expect(await readiness(gateway.url)).to.equal(503));
    // One that comes sooner counts as the same.
    await sleep(600);
    gateway.program.interrupt();
    expect(await gateway.program.ended).to.equal(1);
    await gone(children);
  });
});
