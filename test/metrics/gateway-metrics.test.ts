import { CLOSE } from '@chorus/protocol';
import { connectPlain, connectV1, eventually, upgradeStatus } from '@chorus/testing';
import { expect } from 'chai';
import { expectDocumented } from '../docs/metrics-page.js';
import { request } from '../support/clients/people.js';
import type { MetricsText } from '../support/metrics.js';
import { type LoneGateway, startLoneGateway } from '../support/servers/lone-gateway.js';

const MAX_QUEUED_BYTES = 65_536;
const g = (name: string): string => `chorus_gateway_${name}`;

describe('the metrics of a gateway', function () {
  this.timeout(60_000);

  let gateway: LoneGateway;
  let earlier: MetricsText;

  before(async () => {
    gateway = await startLoneGateway({
      MAX_QUEUED_BYTES: String(MAX_QUEUED_BYTES),
      REDIS_TIMEOUT_MS: '500',
      PROBE_INTERVAL_MS: '100',
      // For those who read slowly, which is not to take long.
      MAX_MESSAGES_PER_SECOND: '10000',
    });
  });
  after(() => gateway?.close());
  beforeEach(async () => {
    earlier = await gateway.metrics();
  });

  /** Waits until these have grown by so much, and no more. */
  const grown = (growth: Readonly<Record<string, number>>): Promise<void> =>
    eventually(async () => {
      const now = await gateway.metrics();
      const found = Object.keys(growth).map((name) => [name, now.value(name) - earlier.value(name)]);
      expect(Object.fromEntries(found)).to.deep.equal(growth);
    });

  it('are those that the page documents, no more and no less', async () => {
    expectDocumented(earlier, ['gateway']);
  });

  it('stand beside what probes ask, on a port where clients find nothing', async () => {
    expect((await request(`${gateway.operatorUrl}/livez`)).status).to.equal(200);
    expect((await request(`${gateway.operatorUrl}/readyz`)).body).to.deep.equal({ status: 'ready' });
    expect((await request(`${gateway.operatorUrl}/ws/connect`)).status).to.equal(404);
    expect((await request(`${gateway.url}/metrics`)).status).to.equal(404);
  });

  it('count sockets, rooms, messages and bytes', async () => {
    const room = await gateway.createRoom();
    const ann = await connectPlain(gateway.url, room, gateway.token(1));
    const bob = await connectV1(gateway.url, gateway.token(2));
    await bob.join(room);
    await grown({
      [g('connections{protocol="plain"}')]: 1,
      [g('connections{protocol="chorus.v1"}')]: 1,
      [g('connections_opened_total{protocol="chorus.v1"}')]: 1,
      [g('joins_total')]: 2,
      [g('rooms')]: 1,
    });
    ann.send('hello');
    await bob.of('message');
    bob.send({ type: 'publish', roomId: room, clientMsgId: 'a', content: 'hi' });
    await bob.of('ack');
    await ann.message('hi');
    await grown({
      [g('messages_in_total')]: 2,
      [g('acks_total')]: 2,
      [g('messages_out_total')]: 4,
    });
    const now = await gateway.metrics();
    const growth = (name: string): number => now.value(g(name)) - earlier.value(g(name));
    // At least one per second is sampled.
    expect(growth('publish_seconds_count')).to.be.within(1, 2);
    expect(growth('relay_seconds_count')).to.be.within(1, 2);
    const [message] = bob.messages();
    expect(growth('bytes_in_total')).to.be.within('hello'.length + 60, 300);
    expect(growth('bytes_out_total')).to.be.above(4 * JSON.stringify(message).length);
    expect(now.value(g('relay_seconds_sum'))).to.be.at.least(0);

    await ann.close();
    await bob.close();
    await grown({
      [g('connections{protocol="plain"}')]: 0,
      [g('connections{protocol="chorus.v1"}')]: 0,
      [g('connections_closed_total{code="1005"}')]: 2,
      [g('leaves_total')]: 2,
    });
  });

  it('count who is refused, and what, by the reason', async () => {
    const room = await gateway.createRoom();
    expect(await upgradeStatus(gateway.url, room, undefined)).to.equal(401);
    expect(await upgradeStatus(gateway.url, 1, gateway.token(1))).to.equal(404);
    const ann = await connectV1(gateway.url, gateway.token(1));
    ann.send({ type: 'publish', roomId: room, clientMsgId: 'a', content: 'hi' });
    await ann.of('error');
    await grown({
      [g('upgrades_refused_total{reason="unauthenticated"}')]: 1,
      [g('upgrades_refused_total{reason="room_not_found"}')]: 1,
      [g('messages_refused_total{reason="not_joined"}')]: 1,
      [g('messages_in_total')]: 1,
      [g('acks_total')]: 0,
    });
    await ann.close();
  });

  it('count who is cut off because of reading too slowly, and what waits for them', async () => {
    const room = await gateway.createRoom();
    const slow = await connectPlain(gateway.url, room, gateway.token(1));
    const talker = await connectV1(gateway.url, gateway.token(2));
    await talker.join(room);
    slow.socket.pause();
    const content = 'x'.repeat(16_000);
    let most = 0;
    await eventually(async () => {
      for (let id = 0; id < 20; id++) {
        talker.send({
          type: 'publish',
          roomId: room,
          clientMsgId: `m${Math.random()}`.slice(0, 12),
          content,
        });
      }
      await talker.of('ack');
      const now = await gateway.metrics();
      most = Math.max(most, now.value(g('queued_bytes')));
      expect(now.value(g('slow_readers_total')) - earlier.value(g('slow_readers_total'))).to.equal(1);
    }, 20_000);
    expect(most).to.be.within(1, MAX_QUEUED_BYTES + 1_000_000);
    slow.socket.resume();
    await slow.ended;
    await grown({ [g(`connections_closed_total{code="${CLOSE.slowReader.code}"}`)]: 1 });
    await talker.close();
  });

  it('count who comes back, and what they had missed', async () => {
    const room = await gateway.createRoom();
    const ann = await connectV1(gateway.url, gateway.token(1));
    const { epoch, seq } = await ann.join(room);
    for (const clientMsgId of ['a', 'b', 'c']) {
      ann.send({ type: 'publish', roomId: room, clientMsgId, content: 'hi' });
      await ann.of('ack');
    }
    const bob = await connectV1(gateway.url, gateway.token(2));
    expect((await bob.join(room, { epoch, seq })).recovered).to.equal(true);
    while (bob.messages().length < 3) await bob.of('message');
    const cat = await connectV1(gateway.url, gateway.token(3));
    expect((await cat.join(room, { epoch, seq: seq + 1_000 })).recovered).to.equal(false);
    await grown({
      [g('recoveries_total{outcome="recovered"}')]: 1,
      [g('recoveries_total{outcome="not_recovered"}')]: 1,
      [g('recovered_messages_total')]: 3,
      [g('recovery_seconds_count')]: 1,
      [g('messages_out_total')]: 6,
    });
    await Promise.all([ann.close(), bob.close(), cat.close()]);
  });

  it('show an outage of Redis, and its end', async () => {
    const room = await gateway.createRoom();
    const ann = await connectPlain(gateway.url, room, gateway.token(1));
    const connected = (now: MetricsText): number[] =>
      ['presence', 'broker', 'broker-subscriber'].map((purpose) =>
        now.value(`chorus_redis_connected{purpose="${purpose}"}`),
      );
    expect(connected(earlier)).to.deep.equal([1, 1, 1]);
    expect(earlier.value(g('state{state="ready"}'))).to.equal(1);
    expect(earlier.value(g('probe_seconds_count'))).to.be.above(0);

    gateway.redis.kill('SIGKILL');
    await gateway.redis.exited;
    await eventually(async () => {
      const now = await gateway.metrics();
      expect(connected(now)).to.deep.equal([0, 0, 0]);
      expect(now.value(g('state{state="degraded"}'))).to.equal(1);
      expect(now.value(g('state{state="ready"}'))).to.equal(0);
      expect(now.value(g('probe_failures_total'))).to.be.above(earlier.value(g('probe_failures_total')));
      expect(now.value(g('subscriber_lag_seconds'))).to.be.above(0.5);
      expect(now.value('chorus_redis_errors_total{purpose="broker"}')).to.be.above(2);
    });
    expect((await request(`${gateway.operatorUrl}/readyz`)).body).to.include({ status: 'degraded' });
    ann.send('lost');
    await ann.next(({ type }) => type === 'error');
    await grown({ [g('messages_refused_total{reason="unavailable"}')]: 1, [g('acks_total')]: 0 });

    await gateway.restartRedis();
    await eventually(async () => {
      const now = await gateway.metrics();
      expect(connected(now)).to.deep.equal([1, 1, 1]);
      expect(now.value(g('state{state="ready"}'))).to.equal(1);
      expect(now.value(g('subscriber_lag_seconds'))).to.be.below(0.5);
    });
    await ann.close();
  });
});
