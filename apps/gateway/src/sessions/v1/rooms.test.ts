import { setTimeout as sleep } from 'node:timers/promises';
import type { BrokerListener, Position } from '@chorus/broker';
import type { Member } from '@chorus/protocol';
import { UnavailableError } from '@chorus/redis';
import { until, type V1Socket } from '@chorus/testing';
import { expect } from 'chai';
import type { Gateway } from '../../create-gateway.js';
import { ANN, BOB, GatewayFixture, listeningThrough } from '../../testing/gateways.js';

const EVE: Member = { id: 3, username: 'eve' };

describe('a typing notice', () => {
  let fixture: GatewayFixture;
  let one: Gateway;
  let two: Gateway;
  let ann: V1Socket;

  beforeEach(async () => {
    fixture = new GatewayFixture();
    one = await fixture.start();
    two = await fixture.start();
    for (const roomId of [1, 2]) await fixture.directory.ensure(roomId, 0);
    ann = await fixture.connectV1(one, ANN);
    await ann.join(1);
  });
  afterEach(() => fixture.close());

  const typed = (socket: V1Socket) => socket.frames.filter(({ type }) => type === 'typing');

  it('reaches the other chorus.v1 sockets of the room on every gateway, and no others', async () => {
    const near = await fixture.connectV1(one, BOB);
    const far = await fixture.connectV1(two, EVE);
    const plain = await fixture.join(two, 1, BOB);
    const elsewhere = await fixture.connectV1(two, BOB);
    await near.join(1);
    await far.join(1);
    await elsewhere.join(2);
    ann.send({ type: 'typing', roomId: 1 });
    for (const socket of [near, far]) {
      expect(await socket.of('typing')).to.deep.equal({
        type: 'typing',
        roomId: 1,
        userId: ANN.id,
        username: ANN.username,
      });
    }
    await ann.publish(1, 'typed', 'a1');
    await plain.message('typed');
    expect(plain.frames.filter((frame) => (frame as { type: string }).type === 'typing')).to.deep.equal([]);
    expect(typed(ann)).to.deep.equal([]);
    await elsewhere.publish(2, 'quiet here', 'b1');
    expect(typed(elsewhere)).to.deep.equal([]);
  });

  it('is sent at most once per second for one socket', async () => {
    const bob = await fixture.connectV1(two, BOB);
    await bob.join(1);
    const start = performance.now();
    for (let index = 0; index < 10; index++) ann.send({ type: 'typing', roomId: 1 });
    await ann.publish(1, 'done', 'a1');
    await bob.of('message');
    const { length } = typed(bob);
    expect(length).to.be.within(1, 1 + Math.floor((performance.now() - start) / 1_000));
    await sleep(1_000);
    ann.send({ type: 'typing', roomId: 1 });
    await until(() => typed(bob).length > length);
    expect(typed(bob)).to.have.length(length + 1);
  });

  it('does not reach a socket that has left the room', async () => {
    const bob = await fixture.connectV1(two, BOB);
    await bob.join(1);
    await bob.join(2);
    await bob.leave(1);
    const far = await fixture.connectV1(two, EVE);
    await far.join(1);
    ann.send({ type: 'typing', roomId: 1 });
    await far.of('typing');
    bob.send({ type: 'ping' });
    await bob.of('pong');
    expect(typed(bob)).to.deep.equal([]);
  });
});

describe('a renamed room', () => {
  const fixture = new GatewayFixture();
  after(() => fixture.close());

  it('notifies chorus.v1 sockets on every gateway, and no plain ones', async () => {
    const [one, two] = [await fixture.start(), await fixture.start()];
    for (const roomId of [1, 2]) await fixture.directory.ensure(roomId, 0);
    const ann = await fixture.connectV1(one, ANN);
    const bob = await fixture.connectV1(two, BOB);
    await ann.join(1);
    await bob.join(1);
    await bob.join(2);
    const plain = await fixture.join(one, 1, EVE);
    await fixture.directory.announce({ type: 'room-renamed', roomId: 1, name: 'lobby "1"' });
    for (const socket of [ann, bob]) {
      expect(await socket.of('room-renamed')).to.deep.equal({
        type: 'room-renamed',
        roomId: 1,
        name: 'lobby "1"',
      });
    }
    ann.send({ type: 'publish', roomId: 1, clientMsgId: 'a', content: 'after it' });
    await plain.message('after it');
    expect(plain.frames.filter(({ type }) => type !== 'joined' && type !== 'message')).to.deep.equal([]);
  });
});

describe('the list of members of a room', () => {
  const fixture = new GatewayFixture();
  let ann: V1Socket;

  before(async () => {
    const gateway = await fixture.start();
    await fixture.directory.ensure(1, 0);
    ann = await fixture.connectV1(gateway, ANN);
    await ann.join(1);
    await fixture.presence.renew('elsewhere', 60_000);
  });
  after(() => fixture.close());

  it('is sent in pages, each small enough for a frame, and is complete', async () => {
    // The longest names, in characters and in their JSON form.
    const long = (id: number): string => `${id}`.padEnd(64, '"');
    for (let id = 1_000; id < 2_300; id++) {
      await fixture.presence.join('elsewhere', 1, { id, username: long(id) });
    }
    const seen: Member[] = [];
    let after: number | null = 0;
    let pages = 0;
    while (after !== null) {
      ann.send({ type: 'presence', roomId: 1, after });
      const page: { members: Member[]; next: number | null } = await ann.of('presence');
      expect(JSON.stringify(page).length).to.be.below(65_536);
      expect(page.members.length).to.be.above(0);
      seen.push(...page.members);
      after = page.next;
      pages++;
    }
    expect(pages).to.equal(4);
    const ids = Array.from({ length: 1_300 }, (_, index) => 1_000 + index);
    expect(seen.map(({ id }) => id)).to.deep.equal([ANN.id, ...ids]);
    expect(seen[1]).to.deep.equal({ id: 1_000, username: long(1_000) });
  });

  it('is refused while presence cannot be read', async () => {
    const { members } = fixture.presence;
    fixture.presence.members = async () => {
      throw new UnavailableError('down');
    };
    ann.send({ type: 'presence', roomId: 1 });
    expect(await ann.of('error')).to.include({ code: 'unavailable', request: 'presence', roomId: 1 });
    fixture.presence.members = members;
  });
});

describe('a sender that waits until its messages are stored', () => {
  let fixture: GatewayFixture;
  let listener: BrokerListener;
  let stored: Position;
  let asked: number;
  let ann: V1Socket;
  let bob: V1Socket;
  let epoch: number;

  beforeEach(async () => {
    fixture = new GatewayFixture();
    stored = { epoch: 0, seq: 0 };
    asked = 0;
    const gateway = await fixture.start({}, (broker) => {
      broker.stored = async () => {
        asked++;
        return stored;
      };
      return listeningThrough(broker, (listening) => {
        listener = listening;
        return listening;
      });
    });
    await fixture.directory.ensure(1, 0);
    ann = await fixture.connectV1(gateway, ANN);
    bob = await fixture.connectV1(gateway, BOB);
    ({ epoch } = await ann.join(1));
    await bob.join(1);
  });
  afterEach(() => fixture.close());

  const told = (socket: V1Socket) =>
    socket.frames.flatMap((frame) => (frame.type === 'stored' ? [frame.seq] : []));

  it('is notified as soon as its messages are stored, and no other socket is', async () => {
    await ann.publish(1, 'one', 'a1');
    await ann.publish(1, 'two', 'a2');
    listener.onStored(1, { epoch, seq: 1 });
    expect(await ann.of('stored')).to.deep.equal({ type: 'stored', roomId: 1, epoch, seq: 1 });
    listener.onStored(1, { epoch, seq: 5 });
    expect(await ann.of('stored')).to.include({ seq: 5 });
    listener.onStored(1, { epoch, seq: 6 });
    await bob.publish(1, 'three', 'b1');
    expect(told(ann)).to.deep.equal([1, 5]);
    // Stored before the ack arrived.
    expect(await bob.of('stored')).to.include({ seq: 6 });
  });

  it('is not notified of a watermark below its messages, or of one that falls', async () => {
    await bob.publish(1, 'one', 'b1');
    await ann.publish(1, 'two', 'a1');
    listener.onStored(1, { epoch, seq: 1 });
    listener.onStored(1, { epoch: epoch - 1, seq: 99 });
    listener.onStored(1, { epoch, seq: 2 });
    expect(await ann.of('stored')).to.include({ seq: 2 });
    expect(told(ann)).to.deep.equal([2]);
    expect(told(bob)).to.deep.equal([1]);
  });

  it("is notified although the archiver's notice was lost: the gateway reads the watermark", async () => {
    await ann.publish(1, 'one', 'a1');
    stored = { epoch, seq: 1 };
    expect(await ann.of('stored', 1, 10_000)).to.include({ epoch, seq: 1 });
  }).timeout(12_000);

  it('is not notified after it has left the room', async () => {
    await ann.publish(1, 'one', 'a1');
    await ann.leave(1);
    listener.onStored(1, { epoch, seq: 1 });
    ann.send({ type: 'ping' });
    await ann.of('pong');
    expect(told(ann)).to.deep.equal([]);
  });

  it('gets the watermark when it joins, which the gateway reads once', async () => {
    expect(asked).to.equal(1);
    listener.onStored(1, { epoch, seq: 7 });
    listener.onStored(1, { epoch, seq: 6 });
    const eve = await fixture.connectV1(await fixture.start(), EVE);
    expect((await eve.join(1)).stored).to.deep.equal({ epoch: 0, seq: 0 });
    expect((await bob.join(1)).stored).to.deep.equal({ epoch, seq: 7 });
    expect(asked).to.equal(1);
  });
});
