import { setTimeout as sleep } from 'node:timers/promises';
import { type BrokerListener, MemoryBroker } from '@chorus/broker';
import { CLOSE, type V1ServerFrame } from '@chorus/protocol';
import type { V1Socket } from '@chorus/testing';
import { expect } from 'chai';
import type { GatewayConfig } from '../config.js';
import type { Gateway, GatewayParts } from '../create-gateway.js';
import { ANN, BOB, GatewayFixture, listeningThrough } from '../testing/gateways.js';

/** A fixture that can hold back the messages of rooms before its gateways receive them. */
class GatedFixture extends GatewayFixture {
  #held: Array<() => void> | undefined;

  hold(): void {
    this.#held ??= [];
  }

  /** Delivers that number of held messages in one tick; by default all of them, and stops holding. */
  release(count = Number.POSITIVE_INFINITY): void {
    for (const arrive of this.#held?.splice(0, count) ?? []) arrive();
    if (count === Number.POSITIVE_INFINITY) this.#held = undefined;
  }

  get held(): number {
    return this.#held?.length ?? 0;
  }

  protected override async parts(config: GatewayConfig): Promise<GatewayParts> {
    const parts = await super.parts(config);
    return {
      ...parts,
      connectBroker: async () =>
        listeningThrough(new MemoryBroker(this.rooms), (listener) => this.#gated(listener)),
    };
  }

  #gated(listener: BrokerListener): BrokerListener {
    return {
      onMessage: (...args) => {
        if (this.#held === undefined) listener.onMessage(...args);
        else this.#held.push(() => listener.onMessage(...args));
      },
      onNotice: (...args) => listener.onNotice(...args),
      onStored: (...args) => listener.onStored(...args),
      onControl: (...args) => listener.onControl(...args),
      onResumed: () => listener.onResumed(),
    };
  }
}

describe('an ack', () => {
  let fixture: GatedFixture;
  let gateway: Gateway;
  let ann: V1Socket;

  beforeEach(async () => {
    fixture = new GatedFixture();
    gateway = await fixture.start({ MAX_MESSAGES_PER_SECOND: '10000' });
    for (const roomId of [1, 2]) await fixture.directory.ensure(roomId, 0);
    ann = await fixture.connectV1(gateway, ANN);
    await ann.join(1);
  });
  afterEach(() => fixture.close());

  const say = (clientMsgId: string, roomId = 1) =>
    ann.send({ type: 'publish', roomId, clientMsgId, content: clientMsgId });
  const arrived = async (count: number): Promise<void> => {
    while (fixture.held < count) await new Promise(setImmediate);
  };
  /** Acks and messages in the order of their arrival. */
  const story = (socket: V1Socket): string[] =>
    socket.frames.flatMap((frame: V1ServerFrame) => {
      if (frame.type === 'ack') return [`ack ${frame.clientMsgId}`];
      return frame.type === 'message' ? [`message ${frame.clientMsgId}`] : [];
    });

  it('leaves with its message, which arrives a moment later', async () => {
    const bob = await fixture.connectV1(gateway, BOB, '/ws/join-room/1');
    await bob.of('room-joined');
    for (let round = 0; round < 20; round++) {
      fixture.hold();
      say(`a${round}`);
      await arrived(1);
      bob.send({ type: 'publish', roomId: 1, clientMsgId: `b${round}`, content: 'next' });
      await arrived(2);
      fixture.release(1);
      await new Promise(setImmediate);
      fixture.release();
      await ann.next((frame) => frame.type === 'message' && frame.clientMsgId === `b${round}`);
      const [first, second, third] = story(ann).splice(-3);
      expect(third).to.equal(`message b${round}`);
      expect([first, second]).to.have.members([`message a${round}`, `ack a${round}`]);
    }
    // A busy machine may be late for a few of them.
    const behind = story(ann).filter((each, at, all) => each === all[at - 1]?.replace('message', 'ack'));
    expect(behind.length).to.be.above(10);
  });

  it('leaves without its message after a bounded wait, and not again with it', async () => {
    fixture.hold();
    say('a1');
    expect(await ann.ack('a1')).to.include({ roomId: 1, seq: 1 });
    say('a2');
    await arrived(2);
    fixture.release(1);
    await ann.of('message');
    await ann.ack('a2');
    fixture.release();
    await ann.of('message');
    ann.send({ type: 'ping' });
    await ann.of('pong');
    expect(story(ann)).to.deep.equal(['ack a1', 'message a1', 'ack a2', 'message a2']);
  });

  it('leaves once per message, in the order of the room, whenever messages arrive', async () => {
    await ann.join(2);
    const names = Array.from({ length: 300 }, (_, index) => `m${index}`);
    fixture.hold();
    for (const [index, name] of names.entries()) {
      say(name, (index % 2) + 1);
      if (index % 7 === 0) await sleep(index % 3);
      if (index % 5 === 0) fixture.release(3);
      if (index % 50 === 0) {
        fixture.release();
        fixture.hold();
      }
    }
    while (ann.frames.filter(({ type }) => type === 'ack').length < names.length) await ann.of('ack');
    fixture.release();
    while (ann.messages().length < names.length) await ann.of('message');
    for (const roomId of [1, 2]) {
      const expected = names.filter((_, index) => (index % 2) + 1 === roomId);
      const acks = ann.frames.flatMap((frame) =>
        frame.type === 'ack' && frame.roomId === roomId ? [frame] : [],
      );
      expect(acks.map(({ clientMsgId }) => clientMsgId)).to.deep.equal(expected);
      expect(acks.map(({ seq }) => seq)).to.deep.equal(expected.map((_, index) => index + 1));
    }
  });

  it('of a repeated message leaves at once, each time, with the first position', async () => {
    await ann.publish(1, 'hello', 'a1');
    fixture.hold();
    say('a2');
    await arrived(1);
    expect(await ann.publish(1, 'hello', 'a1')).to.include({ seq: 1 });
    expect(await ann.publish(1, 'hello', 'a1')).to.include({ seq: 1 });
    await ann.next((frame) => frame.type === 'ack' && frame.clientMsgId === 'a2').catch(() => undefined);
    fixture.release();
    await ann.of('message');
    const acks = story(ann).filter((each) => each.startsWith('ack'));
    expect(acks.sort()).to.deep.equal(['ack a1', 'ack a1', 'ack a1', 'ack a2']);
    expect(ann.messages().map(({ seq }) => seq)).to.deep.equal([1, 2]);
  });

  it('leaves even if the sender has left the room meanwhile', async () => {
    fixture.hold();
    say('a1');
    ann.send({ type: 'leave', roomId: 1 });
    await ann.of('room-left');
    await ann.next((frame) => frame.type === 'ack' && frame.clientMsgId === 'a1').catch(() => undefined);
    fixture.release();
    ann.send({ type: 'ping' });
    await ann.of('pong');
    expect(story(ann)).to.deep.equal(['ack a1']);
  });

  it('leaves before its client is asked to reconnect, or the socket is closed', async () => {
    for (const close of ['requestReconnect', 'close'] as const) {
      const bob = await fixture.connectV1(gateway, BOB, '/ws/join-room/1');
      const { connectionId } = await bob.of('welcome');
      const connection = gateway.connections.get(connectionId);
      fixture.hold();
      bob.send({ type: 'publish', roomId: 1, clientMsgId: close, content: 'last words' });
      await arrived(1);
      await new Promise(setImmediate);
      if (close === 'requestReconnect') connection?.requestReconnect(10);
      else connection?.close(CLOSE.disconnected);
      await bob.ended;
      expect(story(bob)).to.deep.equal([`ack ${close}`]);
      const types = bob.frames.map(({ type }) => type);
      if (close === 'requestReconnect') expect(types.slice(-2)).to.deep.equal(['ack', 'reconnect']);
      fixture.release();
    }
  });

  it('of a disconnected sender delays no other ack and leaves nothing behind', async () => {
    const bob = await fixture.connectV1(gateway, BOB, '/ws/join-room/1');
    await bob.of('room-joined');
    fixture.hold();
    bob.send({ type: 'publish', roomId: 1, clientMsgId: 'b1', content: 'and away' });
    await arrived(1);
    bob.socket.terminate();
    say('a1');
    await ann.ack('a1');
    fixture.release();
    await ann.of('message', 1);
    while (gateway.connections.size > 1) await new Promise(setImmediate);
    await ann.publish(1, 'hello', 'a2');
    expect(story(ann).filter((each) => each.startsWith('ack'))).to.deep.equal(['ack a1', 'ack a2']);
  });

  it('leaves once per message of a sender who stops reading for a while, next to its message', async () => {
    const names = Array.from({ length: 200 }, (_, index) => `m${index}`);
    ann.socket.pause();
    for (const name of names) {
      say(name);
      if (names.indexOf(name) % 20 === 0) await sleep(1);
    }
    const bob = await fixture.connectV1(gateway, BOB, '/ws/join-room/1');
    await bob.publish(1, 'meanwhile', 'b1');
    ann.socket.resume();
    while (story(ann).length < 2 * names.length + 1) await ann.next(() => true);
    const acks = story(ann).filter((each) => each.startsWith('ack'));
    expect(acks).to.deep.equal(names.map((name) => `ack ${name}`));
    const own = ann.messages().filter(({ userId }) => userId === ANN.id);
    expect(own.map(({ clientMsgId }) => clientMsgId)).to.deep.equal(names);
  });

  it('leaves while this node repairs a gap of the room', async () => {
    fixture.hold();
    say('a1');
    await ann.ack('a1');
    // The first message is missing: the gateway reads both from the stream.
    say('a2');
    await arrived(2);
    await ann.ack('a2');
    fixture.release();
    await ann.of('message');
    await ann.of('message');
    expect(ann.messages().map(({ seq }) => seq)).to.deep.equal([1, 2]);
  });
});
