import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { CLOSE } from '@chorus/protocol';
import { eventually } from '@chorus/testing';
import { expect } from 'chai';
import type { Gateway } from '../create-gateway.js';
import { ANN, BOB, GatewayFixture } from '../testing/gateways.js';

const RESTART = { code: CLOSE.restart.code, reason: CLOSE.restart.reason };

describe('a gateway that drains', () => {
  let fixture: GatewayFixture;

  beforeEach(async () => {
    fixture = new GatewayFixture();
    await fixture.directory.ensure(1, 0);
  });
  afterEach(() => fixture.close());

  const readiness = async ({ port }: Gateway) => {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`);
    return [response.status, await response.json()];
  };
  const READY = [200, { status: 'ready' }];
  const DRAINING = [503, { error: 'draining', code: 'not_ready' }];
  const states = async () => (await fixture.nodes.nodes()).map(({ nodeId, state }) => [nodeId, state]);

  it('keeps serving, not ready, until balancers have noticed, and then stops listening', async () => {
    const gateway = await fixture.start({ DRAIN_DELAY_MS: '400', NODE_ID: 'a' });
    expect(await readiness(gateway)).to.deep.equal(READY);
    const early = await fixture.join(gateway, 1, ANN);
    const start = performance.now();
    const closed = gateway.close();
    expect(await readiness(gateway)).to.deep.equal(DRAINING);
    const late = await fixture.join(gateway, 1, BOB);
    early.socket.send('meanwhile');
    await late.message('meanwhile');
    expect(await early.ended).to.deep.equal(RESTART);
    expect(await late.ended).to.deep.equal(RESTART);
    expect(performance.now() - start).to.be.above(390);
    const { socket: ws } = fixture.connect(gateway, '/ws/join-room/1', fixture.bearer(ANN));
    const [refused] = await once(ws, 'error');
    expect(refused).to.have.property('code', 'ECONNREFUSED');
    await closed;
    expect(await states()).to.deep.equal([]);
  });

  it('on behalf of an operator refuses new sockets, and accepts them again after the drain', async () => {
    const gateway = await fixture.start({ NODE_ID: 'a' });
    const other = await fixture.start({ NODE_ID: 'b' });
    const socket = await fixture.join(gateway, 1, ANN);
    const staying = await fixture.join(other, 1, BOB);
    await fixture.directory.announce({ type: 'node-drain', nodeId: 'a', on: true });
    expect(await socket.ended).to.deep.equal(RESTART);
    expect(await readiness(gateway)).to.deep.equal(DRAINING);
    expect(await readiness(other)).to.deep.equal(READY);
    const refused = await fixture.refusal(gateway, '/ws/join-room/1', fixture.bearer(ANN));
    expect([refused.status, refused.headers['retry-after']]).to.deep.equal([503, '1']);
    await fixture.join(other, 1, ANN);
    staying.socket.send('still here');
    await staying.message('still here');
    await fixture.directory.announce({ type: 'node-drain', nodeId: 'a', on: false });
    const again = await fixture.join(gateway, 1, ANN);
    expect(await readiness(gateway)).to.deep.equal(READY);
    again.socket.send('and here');
    await staying.message('and here');
  });

  it('can be told to stop before it asks the first client to reconnect', async () => {
    const gateway = await fixture.start({ NODE_ID: 'a', DRAIN_DELAY_MS: '500' });
    const socket = await fixture.join(gateway, 1, ANN);
    await fixture.directory.announce({ type: 'node-drain', nodeId: 'a', on: true });
    expect(await readiness(gateway)).to.deep.equal(DRAINING);
    await fixture.directory.announce({ type: 'node-drain', nodeId: 'a', on: false });
    expect(await readiness(gateway)).to.deep.equal(READY);
    await sleep(700);
    socket.socket.send('still here');
    await socket.message('still here');
  });

  it('does not announce users as left whose clients reconnect elsewhere', async () => {
    const env = { PRESENCE_GRACE_MS: '0' };
    const gateway = await fixture.start({ ...env, NODE_ID: 'a' });
    const other = await fixture.start({ ...env, NODE_ID: 'b' });
    const watching = await fixture.join(other, 1, BOB);
    const socket = await fixture.join(gateway, 1, ANN);
    await watching.next(({ type, username }) => type === 'joined' && username === 'ann');
    await fixture.directory.announce({ type: 'node-drain', nodeId: 'a', on: true });
    await socket.ended;
    while (gateway.connections.taken > 0) await new Promise(setImmediate);
    const back = await fixture.join(other, 1, ANN);
    back.socket.send('back');
    await watching.message('back');
    const about = watching.frames.filter(({ username }) => username === 'ann').map(({ type }) => type);
    expect(about).to.deep.equal(['joined', 'message']);
  });

  it('is not ready before messages have flowed, and degraded when they stop later', async () => {
    let trouble: string | undefined = 'refuses writes (READONLY)';
    const gateway = await fixture.start({ NODE_ID: 'a' }, (broker) =>
      Object.defineProperty(broker, 'trouble', { get: () => trouble }),
    );
    const answer = await fetch(`http://127.0.0.1:${gateway.port}/readyz`);
    const error = 'starting: Redis refuses writes (READONLY)';
    expect([answer.status, answer.headers.get('retry-after'), await answer.json()]).to.deep.equal([
      503,
      '1',
      { error, code: 'not_ready' },
    ]);
    trouble = undefined;
    expect(await readiness(gateway)).to.deep.equal(READY);
    trouble = 'does not answer';
    const degraded = [200, { status: 'degraded', error: 'Redis does not answer' }];
    expect(await readiness(gateway)).to.deep.equal(degraded);
    await eventually(async () => expect(await states()).to.deep.equal([['a', 'degraded']]));
  });

  it('reports the number of sockets at the start of the drain, until it ends', async () => {
    const gateway = await fixture.start({ NODE_ID: 'a' });
    for (const member of [ANN, ANN, BOB]) await fixture.join(gateway, 1, member);
    const figures = async () => (await fixture.nodes.nodes())[0]?.figures;
    const until = async (drainedFrom: number | null, reconnectRequests: number) => {
      for (;;) {
        const now = await figures();
        if (now?.drainedFrom === drainedFrom && now.reconnectRequests === reconnectRequests) return;
        await sleep(20);
      }
    };
    await until(null, 0);
    await fixture.directory.announce({ type: 'node-drain', nodeId: 'a', on: true });
    await until(3, 3);
    await fixture.directory.announce({ type: 'node-drain', nodeId: 'a', on: false });
    await until(null, 3);
  });

  it('reports its state every second', async () => {
    const gateway = await fixture.start({ NODE_ID: 'a' });
    await fixture.join(gateway, 1, ANN);
    await fixture.join(gateway, 1, ANN);
    const report = async () => (await fixture.nodes.nodes())[0];
    while ((await report())?.connections !== 2) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await report()).to.include({ nodeId: 'a', rooms: 1, state: 'ready' });
    expect((await report())?.startedAt).to.be.within(Date.now() - 60_000, Date.now());
  });
});
