import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { CLOSE } from '@chorus/protocol';
import type { V1Socket } from '@chorus/testing';
import { expect } from 'chai';
import type { Gateway } from '../create-gateway.js';
import { ANN, BOB, GatewayFixture } from '../testing/gateways.js';

/** Upper bound of the requests that a limit allows: a burst, plus the tokens refilled since. */
const allowed = (burst: number, perSecond: number, since: number): number =>
  burst + Math.ceil(((performance.now() - since) / 1_000) * perSecond);

describe('limits of a user', () => {
  let fixture: GatewayFixture;

  beforeEach(async () => {
    fixture = new GatewayFixture();
    await fixture.directory.ensure(1, 0);
    await fixture.directory.ensure(2, 0);
  });
  afterEach(() => fixture.close());

  /** Publishes messages. @returns number of accepted ones */
  async function publish(socket: V1Socket, names: readonly string[], content = 'x'): Promise<number> {
    for (const name of names) socket.send({ type: 'publish', roomId: 1, clientMsgId: name, content });
    let taken = 0;
    for (let answers = 0; answers < names.length; answers++) {
      const frame = await socket.next(({ type }) => type === 'ack' || type === 'error');
      if (frame.type === 'ack') taken++;
      else
        expect(frame).to.include({ code: 'too_many_messages', retry: true, request: 'publish', roomId: 1 });
    }
    return taken;
  }

  async function reconnect(gateway: Gateway, previous?: V1Socket): Promise<V1Socket> {
    previous?.socket.close();
    await previous?.ended;
    return fixture.connectV1(gateway, ANN, '/ws/join-room/1');
  }

  it('on messages survive a reconnect and concern no other user', async () => {
    const gateway = await fixture.start({ MAX_MESSAGES_PER_SECOND_PER_USER: '10' });
    const since = performance.now();
    let socket = await reconnect(gateway);
    let taken = 0;
    for (let round = 0; round < 6; round++) {
      const names = Array.from({ length: 10 }, (_, index) => `${round}-${index}`);
      taken += await publish(socket, names);
      socket = await reconnect(gateway, socket);
    }
    expect(taken).to.be.within(10, allowed(10, 10, since));
    const bob = await fixture.connectV1(gateway, BOB, '/ws/join-room/1');
    expect(await publish(bob, ['bob'])).to.equal(1);
  });

  it('on messages are shared by all sockets, plain ones included, which stay open', async () => {
    const gateway = await fixture.start({ MAX_MESSAGES_PER_SECOND_PER_USER: '4' });
    const since = performance.now();
    const sockets = await Promise.all([1, 2, 3].map(() => reconnect(gateway)));
    let taken = 0;
    for (const [index, socket] of sockets.entries()) {
      taken += await publish(
        socket,
        ['a', 'b', 'c'].map((name) => `${index}${name}`),
      );
    }
    expect(taken).to.be.within(4, allowed(4, 4, since));
    const plain = await fixture.join(gateway, 1, ANN);
    for (let count = 0; count < 10; count++) plain.socket.send('hello');
    const refused = await plain.next(({ type }) => type === 'error');
    expect(refused).to.include({ error: 'too many messages, slow down', retry: true });
    expect(plain.socket.readyState).to.equal(plain.socket.OPEN);
  });

  it('on bytes allow a large message and refuse the next one for a while', async () => {
    const gateway = await fixture.start({ MAX_MESSAGE_BYTES_PER_SECOND_PER_USER: '1024' });
    const socket = await reconnect(gateway);
    expect(await publish(socket, ['large'], 'x'.repeat(10_000))).to.equal(1);
    expect(await publish(await reconnect(gateway), ['small'], 'x')).to.equal(0);
  });

  it('on other frames are shared by all sockets', async () => {
    const gateway = await fixture.start({ MAX_REQUESTS_PER_SECOND_PER_USER: '2' });
    const since = performance.now();
    const sockets = await Promise.all([1, 2, 3].map(() => reconnect(gateway)));
    let answered = 0;
    for (const socket of sockets) {
      for (let count = 0; count < 20; count++) socket.send({ type: 'presence', roomId: 1 });
      for (let count = 0; count < 20; count++) {
        const frame = await socket.next(({ type }) => type === 'presence' || type === 'error');
        if (frame.type === 'presence') answered++;
        else expect(frame).to.include({ code: 'too_many_messages', request: 'presence' });
      }
    }
    expect(answered).to.be.within(20, allowed(20, 2, since));
  });

  it('notify a room once per second that a user is typing, over all sockets', async () => {
    const gateway = await fixture.start();
    const bob = await fixture.connectV1(gateway, BOB, '/ws/join-room/1');
    const sockets = await Promise.all(Array.from({ length: 10 }, () => reconnect(gateway)));
    const since = performance.now();
    for (const socket of sockets) socket.send({ type: 'typing', roomId: 1 });
    for (const socket of sockets) {
      socket.send({ type: 'ping' });
      await socket.of('pong');
    }
    await publish(sockets[0] as V1Socket, ['after']);
    await bob.of('message');
    const notices = bob.frames.filter(({ type }) => type === 'typing').length;
    expect(notices).to.be.within(1, allowed(1, 1, since));
  });

  it('replay a room to a socket once per second', async () => {
    const gateway = await fixture.start();
    const socket = await reconnect(gateway);
    await publish(socket, ['a', 'b', 'c']);
    const other = await fixture.connectV1(gateway, BOB);
    const [first] = socket.messages();
    if (first === undefined) expect.fail('nothing was received');
    const before = { epoch: first.epoch, seq: first.seq };
    const since = performance.now();
    let recovered = 0;
    while (recovered < 2) {
      other.send({ type: 'join', roomId: 1, since: before });
      const answer = await other.next(({ type }) => type === 'room-joined' || type === 'error');
      if (answer.type === 'error') expect(answer).to.include({ code: 'too_many_messages', retry: true });
      else recovered++;
      await sleep(50);
    }
    expect(performance.now() - since).to.be.above(990);
    expect(other.messages()).to.have.length(4);
    // Limits of replays are per socket: another socket of the user has its own.
    expect((await (await fixture.connectV1(gateway, BOB)).join(1, before)).recovered).to.equal(true);
  });

  it('close a socket that floods with pings, of either protocol', async () => {
    const gateway = await fixture.start({ MAX_MESSAGES_PER_SECOND: '5' });
    for (const socket of [await reconnect(gateway), await fixture.join(gateway, 1, BOB)]) {
      for (let count = 0; count < 2_000; count++) socket.socket.ping();
      expect((await socket.ended).code).to.equal(CLOSE.tooManyMessages.code);
    }
    const calm = await fixture.connectV1(gateway, BOB);
    calm.socket.ping();
    await once(calm.socket, 'pong');
  });
});
