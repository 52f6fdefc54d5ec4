import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Broker } from '@chorus/broker';
import { CLOSE } from '@chorus/protocol';
import { UnavailableError } from '@chorus/redis';
import { until } from '@chorus/testing';
import { expect } from 'chai';
import type { Gateway } from '../create-gateway.js';
import { ANN, BOB, GatewayFixture } from '../testing/gateways.js';

describe('a plain socket', () => {
  let fixture: GatewayFixture;
  let one: Gateway;
  let two: Gateway;

  beforeEach(async () => {
    fixture = new GatewayFixture();
    const env = {
      PRESENCE_GRACE_MS: '50',
      ROOM_LINGER_MS: '0',
      MAX_MESSAGES_PER_SECOND: '20',
      MAX_QUEUED_BYTES: '65536',
    };
    one = await fixture.start(env);
    two = await fixture.start(env);
    await fixture.directory.ensure(1, 0);
  });
  afterEach(() => fixture.close());

  /** Publishes more bytes than the kernel's buffers and the queue of a socket hold. */
  async function fill(): Promise<void> {
    for (let sent = 0; sent < 800; sent++) {
      fixture.rooms.publish(
        1,
        `"type":"message","content":"${'x'.repeat(16_000)}","roomId":1,"username":"ann"}`,
      );
      if (sent % 20 === 0) await sleep(1);
    }
  }

  it('receives every message of the room, from every gateway, its own included', async () => {
    const ann = await fixture.join(one, 1, ANN);
    const bob = await fixture.join(two, 1, BOB);
    const before = Date.now();
    ann.socket.send('hello');
    for (const socket of [ann, bob]) {
      const frame = await socket.message('hello');
      expect(frame).to.include({
        type: 'message',
        content: 'hello',
        roomId: 1,
        username: 'ann',
        userId: 1,
        seq: 1,
      });
      expect(frame).to.have.property('id').that.is.a('string');
      expect(frame).to.have.property('sentAt').that.is.within(before, Date.now());
    }
  });

  it('passes on text unchanged: quotes, markup, line feeds, emoji, the empty string', async () => {
    const ann = await fixture.join(one, 1, ANN);
    const bob = await fixture.join(two, 1, BOB);
    for (const text of [
      '"quoted" \\ back',
      '<script>alert(1)</script>',
      'a\nb\r\n\u2028c',
      '👋🏽 žluťoučký',
      '',
      '{"seq":1}',
    ]) {
      ann.socket.send(text);
      expect((await bob.next((frame) => frame.type === 'message')).content).to.equal(text);
    }
  });

  it('is notified that a text that cannot be stored was not published', async () => {
    const ann = await fixture.join(one, 1, ANN);
    ann.socket.send('a\0b');
    const error = await ann.next(({ type }) => type === 'error');
    expect(error).to.include({ roomId: 1, username: '', retry: false });
    ann.socket.send('next');
    expect(await ann.message('next')).to.include({ seq: 1 });
  });

  it('is notified of joins and leaves, once per user, with the texts of the original', async () => {
    const ann = await fixture.join(one, 1, ANN);
    const firstTab = await fixture.join(one, 1, BOB);
    const secondTab = await fixture.join(two, 1, BOB);
    const joined = await ann.next((frame) => frame.username === 'bob');
    expect(joined).to.include({ type: 'joined', content: 'A new user has join the room', roomId: 1 });
    firstTab.socket.close();
    await firstTab.ended;
    secondTab.socket.close();
    const left = await ann.next((frame) => frame.username === 'bob');
    expect(left).to.include({ type: 'left', content: 'user left the chat', roomId: 1 });
  });

  it('receives the notice of its own join', async () => {
    const ann = await fixture.join(one, 1, ANN);
    expect(await ann.next((frame) => frame.type === 'joined')).to.include({ username: 'ann' });
  });

  it(`is closed with ${CLOSE.binaryFrame.code} for a binary frame`, async () => {
    const ann = await fixture.join(one, 1, ANN);
    ann.socket.send(Buffer.from('hello'));
    expect(await ann.ended).to.deep.equal({
      code: CLOSE.binaryFrame.code,
      reason: CLOSE.binaryFrame.reason,
    });
  });

  it(`is closed with ${CLOSE.frameTooBig.code} for a frame over the limit, counted in bytes`, async () => {
    const ann = await fixture.join(one, 1, ANN);
    ann.socket.send('x'.repeat(16_384));
    await ann.message('x'.repeat(16_384));
    ann.socket.send('é'.repeat(8_193));
    expect((await ann.ended).code).to.equal(CLOSE.frameTooBig.code);
  });

  it('is cut for a frame far over the limit, without buffering it', async () => {
    const ann = await fixture.join(one, 1, ANN);
    ann.socket.send('x'.repeat(8 * 1024 * 1024));
    expect((await ann.ended).code).to.equal(CLOSE.lost.code);
    expect(await fixture.join(one, 1, ANN)).to.have.property('socket');
  });

  it('is cut for invalid UTF-8', async () => {
    const ann = await fixture.join(one, 1, ANN);
    const { port } = one;
    const token = fixture.tokens.sign(BOB);
    const raw = net.connect(port, '127.0.0.1');
    raw.write(
      `GET /ws/join-room/1 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nAuthorization: Bearer ${token}\r\n\r\n`,
    );
    await once(raw, 'data');
    raw.resume();
    raw.write(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0xff, 0xfe]));
    await once(raw, 'end');
    raw.destroy();
    expect(ann.frames.filter((frame) => frame.type === 'message')).to.deep.equal([]);
  });

  it(`is closed with ${CLOSE.tooManyMessages.code} when it sends too fast; earlier messages are delivered`, async () => {
    const ann = await fixture.join(one, 1, ANN);
    const bob = await fixture.join(two, 1, BOB);
    for (let index = 1; index <= 30; index++) ann.socket.send(`m${index}`);
    expect((await ann.ended).code).to.equal(CLOSE.tooManyMessages.code);
    await bob.message('m20');
    await bob.next((frame) => frame.type === 'left');
    const messages = bob.frames.filter((frame) => frame.type === 'message');
    expect(messages.map((frame) => frame.content))
      .to.include('m20')
      .and.not.include('m30');
    // The client may reconnect.
    expect((await fixture.join(one, 1, ANN)).socket.readyState).to.equal(ann.socket.OPEN);
  });

  it('that stops reading is cut, and other sockets are not delayed', async () => {
    const ann = await fixture.join(one, 1, ANN);
    const frozen = await fixture.join(one, 1, BOB);
    frozen.socket.pause();
    await fill();
    ann.socket.send('still here');
    await ann.message('still here');
    // The user has left for all members, although the socket never answered.
    await ann.next((frame) => frame.type === 'left' && frame.username === 'bob', 10_000);
  }).timeout(20_000);

  it(`that reads late, but in time, is closed with ${CLOSE.slowReader.code}`, async () => {
    const slow = await fixture.join(one, 1, BOB);
    slow.socket.pause();
    await fill();
    slow.socket.resume();
    expect((await slow.ended).code).to.equal(CLOSE.slowReader.code);
    const seqs = slow.frames.flatMap((frame) => (frame.type === 'message' ? [frame.seq] : []));
    expect(seqs, 'no hole before the end').to.deep.equal(seqs.map((_, index) => index + 1));
  }).timeout(20_000);

  it('that answers no ping is cut after the idle timeout; one that only listens stays', async () => {
    const gateway = await fixture.start({ IDLE_TIMEOUT_SECONDS: '8' });
    const listening = await fixture.join(gateway, 1, ANN);
    const dead = await fixture.join(gateway, 1, BOB);
    dead.socket.pause();
    await listening.next((frame) => frame.type === 'left' && frame.username === 'bob', 20_000);
    expect(listening.socket.readyState).to.equal(listening.socket.OPEN);
  }).timeout(25_000);

  it(`is closed with ${CLOSE.roomDeleted.code} when its room is deleted, on every gateway`, async () => {
    const sockets = [await fixture.join(one, 1, ANN), await fixture.join(two, 1, BOB)];
    await fixture.directory.remove(1);
    for (const socket of sockets) {
      expect(await socket.ended).to.deep.equal({
        code: CLOSE.roomDeleted.code,
        reason: CLOSE.roomDeleted.reason,
      });
    }
    expect((await fixture.refusal(one, '/ws/join-room/1', fixture.bearer(ANN))).status).to.equal(404);
  });

  it(`is closed with ${CLOSE.restart.code} when its gateway stops, and is not announced as left`, async () => {
    const ann = await fixture.join(one, 1, ANN);
    const bob = await fixture.join(two, 1, BOB);
    await one.close();
    expect((await ann.ended).code).to.equal(CLOSE.restart.code);
    const back = await fixture.join(two, 1, ANN);
    back.socket.send('back');
    await bob.message('back');
    expect(bob.frames.filter((frame) => frame.type === 'left')).to.deep.equal([]);
    expect(bob.frames.filter((frame) => frame.type === 'joined' && frame.username === 'ann')).to.deep.equal(
      [],
    );
  });

  it('that disconnects during the upgrade leaves nothing behind', async () => {
    const subscribed: number[] = [];
    const slow = await fixture.start({ ROOM_LINGER_MS: '0' }, (broker) => {
      const standing = broker.standing.bind(broker);
      const unsubscribe = broker.unsubscribe.bind(broker);
      broker.standing = async (roomId, seen) => {
        subscribed.push(roomId);
        await sleep(100);
        return standing(roomId, seen);
      };
      broker.unsubscribe = async (roomId) => {
        subscribed.splice(subscribed.indexOf(roomId), 1);
        return unsubscribe(roomId);
      };
      return broker;
    });
    const socket = fixture.connect(slow, '/ws/join-room/1', fixture.bearer(ANN));
    await until(() => subscribed.length > 0);
    socket.socket.terminate();
    await until(() => subscribed.length === 0);
  });
});

describe('a plain socket whose broker fails', () => {
  const fixture = new GatewayFixture();
  after(() => fixture.close());

  it('is notified that its message was not sent, and stays open', async () => {
    let down = true;
    const gateway = await fixture.start({}, (broker: Broker) => {
      const publish = broker.publish.bind(broker);
      broker.publish = (roomId, body) =>
        down ? Promise.reject(new UnavailableError('down')) : publish(roomId, body);
      return broker;
    });
    await fixture.directory.ensure(1, 0);
    const ann = await fixture.join(gateway, 1, ANN);
    ann.socket.send('lost?');
    const error = await ann.next((frame) => frame.type === 'error');
    expect(error).to.include({ roomId: 1, username: '', retry: true });
    expect(error.content).to.match(/not sent/);
    down = false;
    ann.socket.send('now');
    expect(await ann.message('now')).to.include({ seq: 1 });
  });
});
