import { Tokens } from '@chorus/auth';
import { connectPlain, connectV1, eventually, type PlainSocket, upgradeStatus } from '@chorus/testing';
import { expect } from 'chai';
import { OPERATOR_SETTINGS, operate } from '../../support/clients/operator.js';
import { createPerson, createRoom, type Person, request } from '../../support/clients/people.js';
import { startTestCluster, type TestCluster } from '../../support/servers/cluster.js';

describe('an operator who moves sockets between three gateways', function () {
  this.timeout(60_000);

  let cluster: TestCluster;
  let ann: Person;
  let room: number;
  let sockets: PlainSocket[];

  before(async () => {
    cluster = await startTestCluster({
      env: { ...OPERATOR_SETTINGS, DRAIN_MS: '3000', PRESENCE_GRACE_MS: '0' },
    });
    ann = await createPerson(cluster.url, 'ann');
    room = await createRoom(cluster.url, ann);
  });
  after(() => cluster?.close());
  beforeEach(() => {
    sockets = [];
  });
  afterEach(() => Promise.all(sockets.map((socket) => socket.close())));

  const gatewayUrl = (index: number): string => cluster.gateways[index]?.url ?? '';

  /** Connects a number of different users to one gateway. */
  async function crowd(count: number, index: number): Promise<PlainSocket[]> {
    const tokens = new Tokens(cluster.jwtSecret);
    const opened: PlainSocket[] = [];
    for (let id = 1_000_000; id < 1_000_000 + count; id++) {
      const token = tokens.sign({ id, username: `user-${id}` });
      opened.push(await connectPlain(gatewayUrl(index), room, token));
    }
    sockets.push(...opened);
    return opened;
  }

  async function nodes(): Promise<Record<string, [connections: number, state: string]>> {
    const { body } = await operate(cluster, 'GET /nodes');
    const reports = (body as { nodes: Array<{ nodeId: string; connections: number; state: string }> }).nodes;
    return Object.fromEntries(
      reports.map(({ nodeId, connections, state }) => [nodeId, [connections, state]]),
    );
  }

  it('empties one gateway, which refuses clients until that is lifted, and moves no clients of others', async () => {
    const watching = await connectPlain(gatewayUrl(1), room, ann.token);
    sockets.push(watching);
    const moving = await crowd(20, 0);
    const resuming = await connectV1(gatewayUrl(0), ann.token);
    await operate(cluster, 'POST /nodes/gateway-1/drain');
    const { afterMs } = await resuming.of('reconnect');
    expect(afterMs).to.be.within(0, 999);
    for (const { ended } of moving)
      expect(await ended).to.deep.equal({ code: 1012, reason: 'gateway restarting' });
    await eventually(async () => expect((await nodes())['gateway-1']).to.deep.equal([0, 'draining']));
    expect((await request(`${gatewayUrl(0)}/readyz`)).status).to.equal(503);
    expect(await upgradeStatus(gatewayUrl(0), room, ann.token)).to.equal(503);

    const back = await crowd(20, 2);
    back[0]?.send('back');
    await watching.message('back');
    expect(watching.frames.filter(({ type }) => type === 'left')).to.deep.equal([]);

    await operate(cluster, 'DELETE /nodes/gateway-1/drain');
    await eventually(async () => {
      expect((await request(`${gatewayUrl(0)}/readyz`)).body).to.deep.equal({ status: 'ready' });
    });
    sockets.push(await connectPlain(gatewayUrl(0), room, ann.token));
  });

  it('evens them out, by a bounded share a minute, from gateways that have too many', async () => {
    const few = await connectPlain(gatewayUrl(1), room, ann.token);
    sockets.push(few);
    const many = await crowd(120, 0);
    const ends: number[] = [];
    for (const { ended } of many) ended.then(({ code }) => ends.push(code));
    await eventually(async () => expect((await nodes())['gateway-1']?.[0]).to.equal(120));
    const start = performance.now();
    await operate(cluster, 'POST /rebalance', { sharePerMinute: 1 });
    // Two a second.
    await eventually(() => expect(ends).to.have.length.of.at.least(8));
    expect(performance.now() - start).to.be.above(3_000);
    expect(new Set(ends)).to.deep.equal(new Set([1012]));
    expect(few.socket.readyState).to.equal(1);
    await eventually(async () => expect((await nodes())['gateway-1']?.[0]).to.be.below(115));
  });
});
