import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Broker } from '@chorus/broker';
import type { V1Socket } from '@chorus/testing';
import { eventually, until } from '@chorus/testing';
import { expect } from 'chai';
import type { Gateway } from '../create-gateway.js';
import { ANN, alwaysAsked, BOB, GatewayFixture } from '../testing/gateways.js';

/** Holds back one kind of call to the broker, so that events can happen in the middle of a join. */
class Gate {
  #closed: Array<() => void> | undefined;
  #arrived: Array<() => void> = [];

  /** Holds back every call until {@link open}. @returns a promise that resolves when a call waits */
  close(): Promise<void> {
    this.#closed = [];
    return new Promise((resolve) => this.#arrived.push(resolve));
  }

  open(): void {
    const waiting = this.#closed ?? [];
    this.#closed = undefined;
    for (const go of waiting) go();
  }

  async pass(): Promise<void> {
    const closed = this.#closed;
    if (closed === undefined) return;
    for (const tell of this.#arrived.splice(0)) tell();
    await new Promise<void>((resolve) => closed.push(resolve));
  }
}

describe('a join that is interrupted by other events', () => {
  let fixture: GatewayFixture;
  let gateway: Gateway;
  let other: Gateway;
  let ann: V1Socket;
  /** Rooms that the gateway is subscribed to. */
  let subscribed: Set<number>;
  /** One gate at each step of a join. */
  let gates: { access: Gate; position: Gate; stored: Gate; history: Gate };

  function watch(broker: Broker): Broker {
    const { subscribe, unsubscribe, standing, stored, between } = broker;
    broker.subscribe = async (roomId) => {
      subscribed.add(roomId);
      await subscribe.call(broker, roomId);
    };
    broker.unsubscribe = async (roomId) => {
      await unsubscribe.call(broker, roomId);
      subscribed.delete(roomId);
    };
    broker.standing = async (...args) => {
      await gates.position.pass();
      return standing.apply(broker, args);
    };
    broker.stored = async (roomId) => {
      await gates.stored.pass();
      return stored.call(broker, roomId);
    };
    broker.between = async (...args) => {
      await gates.history.pass();
      return between.apply(broker, args);
    };
    return broker;
  }

  beforeEach(async () => {
    fixture = new GatewayFixture();
    subscribed = new Set();
    gates = { access: new Gate(), position: new Gate(), stored: new Gate(), history: new Gate() };
    const { access } = fixture;
    alwaysAsked(access);
    const check = access.check.bind(access);
    access.check = async (subjects) => {
      const verdicts = await check(subjects);
      await gates.access.pass();
      return verdicts;
    };
    const env = { ROOM_LINGER_MS: '0', PRESENCE_GRACE_MS: '0' };
    gateway = await fixture.start(env, watch);
    other = await fixture.start(env);
    for (const roomId of [1, 2]) await fixture.directory.ensure(roomId, 0);
    ann = await fixture.connectV1(gateway, ANN);
  });
  afterEach(() => fixture.close());

  async function expectNothingLeft(): Promise<void> {
    await eventually(async () => {
      expect([[...subscribed], await fixture.presence.everyone(0, 10)]).to.deep.equal([[], []]);
    });
  }

  for (const step of ['access', 'position', 'stored', 'history'] as const) {
    describe(`while waiting for ${step}`, () => {
      beforeEach(async () => {
        for (const content of ['one', 'two', 'three']) {
          fixture.rooms.publish(1, `"type":"message","content":"${content}","roomId":1,"username":"bob"}`);
        }
        const { epoch = 0 } = fixture.rooms.room(1)?.at ?? {};
        const waiting = gates[step].close();
        ann.send({ type: 'join', roomId: 1, since: { epoch, seq: 2 } });
        await waiting;
      });

      it('is abandoned by a closed socket: nothing is left', async () => {
        ann.socket.terminate();
        await until(() => gateway.connections.size === 0);
        gates[step].open();
        await expectNothingLeft();
        expect(ann.frames.map(({ type }) => type)).to.deep.equal(['welcome']);
      });

      it('is followed by a leave: both are performed in order, and nothing is left', async () => {
        ann.send({ type: 'leave', roomId: 1 });
        ann.send({ type: 'ping' });
        await ann.of('pong');
        gates[step].open();
        await ann.of('room-joined');
        await ann.of('room-left');
        await expectNothingLeft();
      });

      it('is repeated: both joins are answered, and messages arrive once', async () => {
        ann.send({ type: 'join', roomId: 1 });
        ann.send({ type: 'ping' });
        await ann.of('pong');
        gates[step].open();
        await ann.of('room-joined');
        await ann.of('room-joined');
        const { seq } = await ann.publish(1, 'once', 'a1');
        await ann.publish(1, 'twice', 'a2');
        await ann.leave(1);
        expect(ann.messages().map((message) => message.seq)).to.deep.equal([3, seq, seq + 1]);
        await expectNothingLeft();
      });

      it('does not hold up a join of another room', async () => {
        const others = gates[step];
        gates[step] = new Gate();
        await ann.join(2);
        others.open();
        await ann.of('room-joined', 1);
        ann.socket.terminate();
        await expectNothingLeft();
      });

      it('is refused if the room is deleted, and nothing is left', async () => {
        await fixture.directory.remove(1);
        await sleep(10);
        gates[step].open();
        expect(await ann.of('error')).to.include({ code: 'room_not_found', roomId: 1, request: 'join' });
        await expectNothingLeft();
        await fixture.directory.ensure(1, 0);
        await ann.join(1);
        await ann.publish(1, 'in another room', 'a1');
      });

      it('is refused if the user is banned, and nothing is left', async () => {
        const { connectionId } = ann.frames[0] as { connectionId: string };
        gateway.connections.get(connectionId)?.removeFromRoom(1, 'banned');
        gates[step].open();
        expect(await ann.of('error')).to.include({ code: 'banned', roomId: 1, request: 'join' });
        await expectNothingLeft();
        await ann.join(1);
      });

      it('counts as a membership for events that end memberships', () => {
        const { connectionId } = ann.frames[0] as { connectionId: string };
        expect([...(gateway.connections.get(connectionId)?.roomIds ?? [])]).to.deep.equal([1]);
      });
    });

    for (const protocols of [[], ['chorus.v1']]) {
      if (step === 'history' || (step === 'stored' && protocols.length === 0)) continue;
      const kind = protocols[0] ?? 'plain';
      it(`by the upgrade of a ${kind} socket that closes while waiting for ${step}: nothing is left`, async () => {
        const waiting = gates[step].close();
        const offer = protocols.length === 0 ? {} : { 'sec-websocket-protocol': 'chorus.v1' };
        const headers = { ...fixture.bearer(BOB), ...offer };
        const socket = fixture.connect(gateway, '/ws/join-room/1', headers);
        await waiting;
        socket.socket.terminate();
        await sleep(10);
        gates[step].open();
        await until(() => gateway.connections.taken <= 1);
        await expectNothingLeft();
      });
    }
  }

  it('receives the room although a concurrent join of another socket was abandoned', async () => {
    const waiting = gates.position.close();
    const gone = fixture.connect(gateway, '/ws/join-room/1', fixture.bearer(BOB));
    await waiting;
    const stays = fixture.join(gateway, 1, BOB);
    await sleep(20);
    gone.socket.terminate();
    await sleep(20);
    gates.position.open();
    const socket = await stays;
    const speaker = await fixture.join(other, 1, ANN);
    speaker.socket.send('anybody?');
    await socket.message('anybody?');
  });

  it('repeated in a room that is deleted meanwhile ends with the room', async () => {
    await ann.join(1);
    const waiting = gates.access.close();
    ann.send({ type: 'join', roomId: 1 });
    await waiting;
    await fixture.directory.remove(1);
    expect(await ann.of('room-left')).to.include({ reason: 'deleted' });
    gates.access.open();
    expect(await ann.of('error')).to.include({ code: 'room_not_found' });
    await expectNothingLeft();
  });

  it('survives a hundred random joins, leaves and closes: nothing is left, and no socket receives too much', async () => {
    const speaker = await fixture.connectV1(other, BOB);
    await speaker.join(1);
    for (let round = 0; round < 100; round++) {
      const socket = await fixture.connectV1(gateway, { id: 100 + round, username: `user${round}` });
      for (let step = 0; step < 6; step++) {
        socket.send({
          type: (round * 7 + step * 3) % 4 < 2 ? 'join' : 'leave',
          roomId: 1 + ((round + step) % 2),
        });
      }
      if (round % 3 > 0) {
        socket.send({ type: 'ping' });
        await socket.of('pong');
      }
      if (round % 2 === 0) socket.socket.terminate();
      else {
        socket.socket.close();
        await once(socket.socket, 'close');
      }
    }
    await speaker.leave(1);
    await expectNothingLeft();
  });
});
