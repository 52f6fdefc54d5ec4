import { once } from 'node:events';
import { CLOSE } from '@chorus/protocol';
import { eventually, ManualClock, patiently, silentLog, tick } from '@chorus/testing';
import { expect } from 'chai';
import { ConnectionRegistry } from '../connections/connection-registry.js';
import type { ConnectionSlot } from '../connections/connection-slot.js';
import type { Gateway } from '../create-gateway.js';
import { type FakeConnection, manualReconnectClock, openFake } from '../testing/connections.js';
import { ANN, BOB, GatewayFixture } from '../testing/gateways.js';
import { Drain } from './drain.js';

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
    const delayMs = patiently(1_500);
    const gateway = await fixture.start({ DRAIN_DELAY_MS: String(delayMs), NODE_ID: 'a' });
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
    expect(performance.now() - start).to.be.above(delayMs - 10);
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
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    await until(null, 0);
    await fixture.directory.announce({ type: 'node-drain', nodeId: 'a', on: true });
    await until(3, 3);
    await fixture.directory.announce({ type: 'node-drain', nodeId: 'a', on: false });
    await until(null, 3);
  });

  it('reports its state every second', async () => {
    const before = Date.now();
    const gateway = await fixture.start({ NODE_ID: 'a' });
    await fixture.join(gateway, 1, ANN);
    await fixture.join(gateway, 1, ANN);
    const report = async () => (await fixture.nodes.nodes())[0];
    while ((await report())?.connections !== 2) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await report()).to.include({ nodeId: 'a', rooms: 1, state: 'ready' });
    expect((await report())?.startedAt).to.be.within(before, Date.now());
  });
});

describe('a drain', () => {
  const DELAY_MS = 5_000;
  let clock: ManualClock;
  let admission: { closed: boolean };
  let all: Array<{ slot: ConnectionSlot; connection: FakeConnection }>;
  let drain: Drain;
  let isListening: boolean;

  /** Of 1,000 connections over ten seconds: 100 per second. */
  beforeEach(() => {
    clock = new ManualClock(1_000);
    admission = { closed: false };
    isListening = true;
    const connections = new ConnectionRegistry('node');
    all = Array.from({ length: 1_000 }, (_, index) =>
      openFake(connections, { id: index + 1, username: 'x' }),
    );
    drain = new Drain({
      connections,
      admission,
      stopListening: () => {
        isListening = false;
      },
      delayMs: DELAY_MS,
      durationMs: 10_000,
      hold: { wait: async () => undefined },
      log: silentLog,
      clock: manualReconnectClock(clock),
    });
  });

  const asked = (): number =>
    all.filter(({ connection }) => connection.reconnectRequestedAt !== undefined).length;
  const state = (): unknown[] => [drain.draining, admission.closed, isListening, asked()];

  it('waits for balancers, then admits no client, and asks all at an even pace', async () => {
    const ended = drain.end(() => undefined);
    await clock.advance(DELAY_MS - 1);
    expect(state()).to.deep.equal([true, false, true, 0]);
    await clock.advance(1);
    expect(state()).to.deep.equal([true, true, false, 1]);
    for (let second = 1; second < 10; second++) {
      await clock.advance(1_000);
      expect(asked()).to.equal(100 * second + 1);
    }
    await clock.advance(1_000);
    expect(asked()).to.equal(1_000);
    for (const { slot } of all) slot.release();
    await clock.advance(20);
    await ended;
  });

  it('ends although clients do not close, two seconds after the last one was asked', async () => {
    let hasEnded = false;
    const ended = drain
      .end(() => undefined)
      .then(() => {
        hasEnded = true;
      });
    await clock.advance(DELAY_MS + 10_000 + 1_900);
    expect(hasEnded).to.equal(false);
    await clock.advance(100);
    await ended;
  });

  it('by an operator can be ended before it asks the first client to reconnect, and while it asks them', async () => {
    drain.operate(true);
    await clock.advance(DELAY_MS - 1);
    drain.operate(false);
    await tick();
    await clock.advance(2 * DELAY_MS);
    expect(state()).to.deep.equal([false, false, true, 0]);
    drain.operate(true);
    await clock.advance(DELAY_MS + 1_000);
    drain.operate(false);
    await clock.advance(60_000);
    expect(state()).to.deep.equal([false, false, true, 101]);
  });
});
