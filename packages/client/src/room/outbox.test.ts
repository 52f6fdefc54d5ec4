import type { ClientFrame } from '@chorus/protocol';
import { expect } from 'chai';
import type { ChorusClient } from '../chorus-client.js';
import type { ChorusError } from '../chorus-error.js';
import type { ScriptedConnection } from '../testing/scripted-gateway.js';
import { ack, EPOCH, event, joined, ME, message, next, refusal, Stage } from '../testing/stage.js';
import type { Delivery } from '../types.js';
import type { Room } from './room.js';

type Publish = Extract<ClientFrame, { type: 'publish' }>;

describe('messages that an application sends in a room', () => {
  let stage: Stage;
  let client: ChorusClient;
  let room: Room;
  let connection: ScriptedConnection;
  let deliveries: Delivery[];
  beforeEach(async () => {
    stage = await Stage.set();
    client = stage.client();
    room = client.join(1);
    deliveries = [];
    room.on('delivery', (delivery) => deliveries.push(delivery));
    connection = await enter(0);
  });
  afterEach(() => stage.close());

  const enter = async (
    ...[seq, recovered, stored]: [number, boolean?, number?]
  ): Promise<ScriptedConnection> => {
    const fresh = await stage.connection();
    await fresh.next();
    fresh.say(joined(1, seq, recovered, stored));
    return fresh;
  };
  const publish = async (from = connection): Promise<Publish> => {
    const frame = await from.next();
    if (frame.type !== 'publish') throw new Error(`it sent ${JSON.stringify(frame)}`);
    return frame;
  };
  const failureOf = (sent: Promise<unknown>): Promise<ChorusError> =>
    sent.then(
      () => Promise.reject(new Error('it was sent')),
      (error: ChorusError) => error,
    );
  const statesOf = (clientMsgId: string): string[] =>
    deliveries.filter((each) => each.clientMsgId === clientMsgId).map(({ state }) => state);

  it('are sent one by one, in order, and followed until they are stored', async () => {
    const sent = Promise.all(['a', 'b'].map((content) => room.send(content)));
    expect(room.deliveries.map(({ state }) => state)).to.deep.equal(['queued', 'queued']);
    const a = await publish();
    expect(room.deliveries.map(({ state }) => state)).to.deep.equal(['sending', 'queued']);
    connection.say(ack(1, a.clientMsgId, 1));
    const b = await publish();
    connection.say(ack(1, b.clientMsgId, 2));
    expect((await sent).map(({ content, position }) => [content, position.seq])).to.deep.equal([
      ['a', 1],
      ['b', 2],
    ]);
    expect(room.deliveries.map(({ state }) => state)).to.deep.equal(['sent', 'sent']);
    connection.say({ type: 'stored', roomId: 1, epoch: EPOCH, seq: 1 });
    await event<Delivery>((listener) => room.on('delivery', listener));
    expect(room.deliveries.map(({ content }) => content)).to.deep.equal(['b']);
    expect(statesOf(a.clientMsgId)).to.deep.equal(['queued', 'sending', 'sent', 'stored']);
  });

  it('are sent again with the same id after a reconnect, but only after the catch-up', async () => {
    const sent = Promise.all(['a', 'b'].map((content) => room.send(content)));
    const first = await publish();
    connection.socket.terminate();
    connection = await enter(2, true);
    connection.say(message(1, 1));
    await event((listener) => room.on('message', listener));
    expect(room.deliveries.map(({ state }) => state)).to.deep.equal(['queued', 'queued']);
    connection.say(message(1, 2));
    expect(await publish()).to.deep.equal(first);
    connection.say(ack(1, first.clientMsgId, 3));
    connection.say(ack(1, (await publish()).clientMsgId, 4));
    expect((await sent).map(({ position }) => position.seq)).to.deep.equal([3, 4]);
  });

  for (const recovered of [true, false]) {
    const where = recovered ? 'among the replayed messages' : 'in the history';
    it(`are not sent again when found ${where}`, async () => {
      const sent = room.send('a');
      const { clientMsgId } = await publish();
      connection.socket.terminate();
      const own = message(1, 1, { userId: ME.id, username: ME.username, clientMsgId });
      stage.history.messagesOf.push(own);
      connection = await enter(1, recovered);
      if (recovered) connection.say(own);
      expect((await sent).position).to.deep.equal({ epoch: EPOCH, seq: 1 });
      room.send('b');
      expect(await publish()).to.include({ content: 'b' });
    });
  }

  it('are not mistaken for messages of another user with the same id', async () => {
    room.send('a', { clientMsgId: 'x' });
    await publish();
    connection.say(message(1, 1, { clientMsgId: 'x' }));
    await event((listener) => room.on('message', listener));
    expect(room.deliveries[0]?.state).to.equal('sending');
  });

  it('are retried after a temporary refusal, before later messages', async () => {
    const sent = Promise.all(['a', 'b'].map((content) => room.send(content)));
    const first = await publish();
    connection.say(refusal('publish', { roomId: 1, clientMsgId: first.clientMsgId }, true));
    expect(await publish()).to.deep.equal(first);
    connection.say(ack(1, first.clientMsgId, 1));
    connection.say(ack(1, (await publish()).clientMsgId, 2));
    await sent;
  });

  it('fail after a final refusal, and can be retried or discarded', async () => {
    const failing = failureOf(room.send('a'));
    const { clientMsgId } = await publish();
    const about = { roomId: 1, clientMsgId };
    connection.say(refusal('publish', about, false));
    expect(await failing).to.include({ code: 'banned', retry: false });
    expect(room.deliveries.map(({ state, error }) => [state, error?.code])).to.deep.equal([
      ['failed', 'banned'],
    ]);
    room.retry(clientMsgId);
    expect((await publish()).clientMsgId).to.equal(clientMsgId);
    connection.say(refusal('publish', about, false));
    await event<Delivery>(
      (listener) => room.on('delivery', listener),
      ({ state }) => state === 'failed',
    );
    room.discard(clientMsgId);
    expect(room.deliveries).to.deep.equal([]);
  });

  it('fail unsent when too large for the gateway, and do not block later ones', async () => {
    const failing = failureOf(room.send('€'.repeat(6_000)));
    room.send('next');
    expect(await failing).to.include({ code: 'too_big', retry: false });
    expect(await publish()).to.include({ content: 'next' });
  });

  it('fail after their time-out, and count as sent if they arrive nevertheless', async () => {
    const failing = failureOf(room.send('a', { timeoutMs: 50 }));
    const { clientMsgId } = await publish();
    expect(await failing).to.include({ code: 'timeout', retry: true });
    room.send('b');
    await publish();
    connection.say(message(1, 1, { userId: ME.id, clientMsgId }));
    await event((listener) => room.on('message', listener));
    expect(room.deliveries.map(({ content, state }) => [content, state])).to.deep.equal([
      ['a', 'sent'],
      ['b', 'sending'],
    ]);
  });

  it('fail when the room is left or the client closed', async () => {
    const failing = failureOf(room.send('a'));
    room.leave();
    expect(await failing).to.include({ code: 'left', retry: false });
    const other = client.join(2);
    const closing = failureOf(other.send('b'));
    await client.close();
    expect(await closing).to.include({ code: 'closed', retry: false });
    expect(() => client.join(3)).to.throw('closed');
  });

  it('wait for the join, and are known to be stored after a reconnect', async () => {
    client.disconnect();
    const sent = room.send('a');
    client.connect();
    connection = await enter(0);
    const { clientMsgId } = await publish();
    connection.say(ack(1, clientMsgId, 1));
    await sent;
    connection.socket.terminate();
    await enter(1, true, 1);
    await event<Delivery>(
      (listener) => room.on('delivery', listener),
      ({ state }) => state === 'stored',
    );
    expect(room.deliveries).to.deep.equal([]);
  });

  it("are sent no faster than the gateway's limit, after joins", async () => {
    client.disconnect();
    for (let id = 2; id <= 12; id++) client.join(id);
    room.on('members', () => {});
    client.connect();
    const slow = await stage.connection({ limits: { maxMessagesPerSecond: 10 } });
    const start = performance.now();
    expect(new Set((await next(slow, 12)).map(({ type }) => type))).to.deep.equal(new Set(['join']));
    // Nine at once, then nine per second.
    expect(performance.now() - start).to.be.at.least(300);
  });

  it('are refused at once with an id that is taken or invalid', async () => {
    room.send('a', { clientMsgId: 'x' });
    for (const clientMsgId of ['x', 'no spaces', '']) {
      expect(await failureOf(room.send('b', { clientMsgId }))).to.include({ code: 'bad_request' });
    }
  });
});
