import type { ChangeFrame } from '@chorus/protocol';
import { expect } from 'chai';
import type { ChorusClient } from '../chorus-client.js';
import { ChorusError } from '../chorus-error.js';
import {
  delivered,
  EPOCH,
  event,
  joined,
  ME,
  message,
  next,
  reached,
  refusal,
  Stage,
} from '../testing/stage.js';
import type { Gap, Message } from '../types.js';
import type { Room } from './room.js';

const at = (seq: number) => ({ epoch: EPOCH, seq });

describe('a room of the client, over reconnects', () => {
  let stage: Stage;
  let client: ChorusClient;
  let room: Room;
  let seen: number[];
  beforeEach(async () => {
    stage = await Stage.set();
    client = stage.client();
    room = client.join(1);
    seen = [];
    room.on('message', ({ seq }) => seen.push(seq));
  });
  afterEach(() => stage.close());

  const sees = (seq: number): Promise<Message> => delivered(room, seq);
  const becomes = (status: Room['status']): Promise<unknown> => reached(room, status);

  it('is joined with the token, over chorus.v1', async () => {
    const connection = await stage.connection();
    expect(connection.request.url).to.equal('/ws/connect');
    expect(connection.request.headers.authorization).to.equal('Bearer a-token');
    expect(connection.socket.protocol).to.equal('chorus.v1');
    expect(await connection.next()).to.deep.equal({ type: 'join', roomId: 1 });
    connection.say(joined(1, 4));
    await room.joined();
    expect(room.position).to.deep.equal(at(4));
    expect(client.user).to.deep.equal(ME);
  });

  it('resumes after the last message, and delivers each once although the gateway repeats some', async () => {
    (await stage.connection()).say(joined(1, 4), message(1, 5), message(1, 6));
    await sees(6);
    const down = becomes('joining');
    client.disconnect();
    await down;
    client.connect();
    const back = await stage.connection();
    back.say(joined(1, 8, true), message(1, 6), message(1, 7), message(1, 8), message(1, 8), message(1, 9));
    await sees(9);
    expect(seen).to.deep.equal([5, 6, 7, 8, 9]);
  });

  it('delivers changes once and in order with the messages, also as the last missed entries', async () => {
    const order: string[] = [];
    room.on('message', ({ seq }) => order.push(`message ${seq}`));
    room.on('change', ({ change, seq }) => order.push(`${change} ${seq}`));
    let missed = false;
    room.on('changesMissed', () => {
      missed = true;
    });
    const edit = (seq: number): ChangeFrame => ({
      ...{ ...at(seq), type: 'change', change: 'edited', target: at(5), content: 'x', roomId: 1 },
      ...{ userId: 2, username: 'bob', id: 'c', sentAt: 0 },
    });
    const erased: ChangeFrame = { ...at(8), type: 'change', change: 'erased', roomId: 1 };
    (await stage.connection()).say(joined(1, 4), message(1, 5), edit(6));
    await event((listener) => room.on('change', listener));
    const down = becomes('joining');
    client.disconnect();
    await down;
    const whole = becomes('joined');
    client.connect();
    const back = await stage.connection();
    back.say(joined(1, 9, true), edit(6), message(1, 7), erased, edit(9));
    await whole;
    expect(order).to.deep.equal(['message 5', 'edited 6', 'message 7', 'erased 8', 'edited 9']);
    expect([room.position, missed]).to.deep.equal([at(9), false]);
  });

  it('reports missed changes with the position of the last one delivered, over interruptions', async () => {
    (await stage.connection()).say(joined(1, 4));
    await room.joined();
    stage.history.messagesOf.push(message(1, 5), message(1, 8));
    stage.history.failures.push(new ChorusError('unavailable', 'away', true, { retryAfterMs: 60_000 }));
    client.disconnect();
    client.connect();
    (await stage.connection()).say(joined(1, 6));
    await becomes('catching-up');
    client.disconnect();
    client.connect();
    const missed = event<unknown>((listener) => room.on('changesMissed', listener));
    // Position 7 is that of a change.
    (await stage.connection()).say(joined(1, 7), message(1, 8));
    expect(await missed).to.deep.equal(at(4));
    expect(seen).to.deep.equal([5, 8]);
  });

  it("is caught up at once when the gateway is at the client's position", async () => {
    (await stage.connection()).say(joined(1, 4), message(1, 5), message(1, 6));
    await sees(6);
    const down = becomes('joining');
    client.disconnect();
    await down;
    const whole = becomes('joined');
    client.connect();
    (await stage.connection()).say(joined(1, 6, true));
    await whole;
    expect(room.position).to.deep.equal(at(6));
  });

  it('resumes from within a replay that was interrupted', async () => {
    let connection = await stage.connection();
    connection.say(joined(1, 4));
    await room.joined();
    connection.socket.terminate();
    connection = await stage.connection();
    expect(await connection.next()).to.deep.equal({ type: 'join', roomId: 1, since: at(4) });
    connection.say(joined(1, 9, true), message(1, 5));
    await sees(5);
    expect(room.status).to.equal('catching-up');
    connection.socket.terminate();
    connection = await stage.connection();
    expect(await connection.next()).to.deep.equal({ type: 'join', roomId: 1, since: at(5) });
  });

  it('reads from the history what the gateway no longer has, page by page, while live messages wait', async () => {
    (await stage.connection()).say(joined(1, 1));
    await room.joined();
    for (let seq = 1; seq <= 250; seq++) stage.history.messagesOf.push(message(1, seq));
    client.disconnect();
    client.connect();
    const back = await stage.connection();
    back.say(joined(1, 250), message(1, 251), message(1, 252));
    await sees(252);
    expect(seen).to.deep.equal(Array.from({ length: 251 }, (_, index) => index + 2));
    expect(stage.history.asked).to.deep.equal(['after 1000-1', 'after 1000-101', 'after 1000-201']);
  });

  it('retries the history while it is unavailable, and continues where it was', async () => {
    (await stage.connection()).say(joined(1, 1));
    await room.joined();
    stage.history.messagesOf.push(message(1, 2), message(1, 3));
    stage.history.failures.push(new ChorusError('unavailable', 'away', true), new Error('broken'));
    client.disconnect();
    client.connect();
    (await stage.connection()).say(joined(1, 3), message(1, 4));
    await sees(4);
    expect(seen).to.deep.equal([2, 3, 4]);
    expect(stage.history.asked).to.have.length(3);
  });

  it('emits a gap, never a silent hole, when the history does not have the messages', async () => {
    (await stage.connection()).say(joined(1, 1));
    await room.joined();
    stage.history.failures.push(new ChorusError('forbidden', 'no'));
    const gap = event<Gap>((listener) => room.on('gap', listener));
    client.disconnect();
    client.connect();
    (await stage.connection()).say(joined(1, 9), message(1, 10));
    const [{ from, to, error }] = await Promise.all([gap, sees(10)]);
    expect([from, to, error.code]).to.deep.equal([at(1), at(9), 'forbidden']);
    expect(seen).to.deep.equal([10]);
  });

  it("keeps its position when the room's is set back, and accepts the next epoch", async () => {
    (await stage.connection()).say(joined(1, 8));
    await room.joined();
    client.disconnect();
    client.connect();
    const later = { ...message(1, 1), epoch: EPOCH + 1 };
    (await stage.connection()).say(joined(1, 3), message(1, 4), later);
    await sees(1);
    expect(seen).to.deep.equal([1]);
    expect(room.position).to.deep.equal({ epoch: EPOCH + 1, seq: 1 });
  });

  it('starts at the position that the application passes', async () => {
    const connection = await stage.connection();
    await connection.next();
    const other = client.join(2, { since: at(7) });
    expect(await connection.next()).to.deep.equal({ type: 'join', roomId: 2, since: at(7) });
    expect(client.join(2)).to.equal(other);
  });

  it('returns older pages that join the live messages without hole or repetition', async () => {
    for (let seq = 1; seq <= 7; seq++) stage.history.messagesOf.push(message(1, seq));
    const early = room.older(3);
    const connection = await stage.connection();
    connection.say(joined(1, 7), message(1, 8));
    const pages = await Promise.all([early, room.older(3), room.older(3), room.older(3)]);
    expect(pages.map((page) => page.map(({ seq }) => seq))).to.deep.equal([[5, 6, 7], [2, 3, 4], [1], []]);
    stage.history.failures.push(new ChorusError('unavailable', 'away', true));
    expect(await room.older().catch(({ retry }: ChorusError) => retry)).to.equal(true);
    expect(await room.older()).to.deep.equal([]);
    expect(seen).to.deep.equal([8]);
  });

  it('is left for good when the gateway says so, while other rooms continue', async () => {
    const other = client.join(2);
    const connection = await stage.connection();
    connection.say(joined(1, 0), joined(2, 0), { type: 'room-left', roomId: 1, reason: 'banned' });
    await becomes('left');
    expect([room.leftReason, other.status, [...client.rooms.keys()]]).to.deep.equal([
      'banned',
      'joined',
      [2],
    ]);
    const failure = await room.send('hello').catch((error: ChorusError) => error);
    expect(failure).to.be.instanceOf(ChorusError).and.include({ code: 'left', retry: false });
    connection.socket.terminate();
    expect(await (await stage.connection()).next()).to.deep.include({ type: 'join', roomId: 2 });
  });

  it('can be left and joined again at once: pending frames do not reach the new room', async () => {
    const connection = await stage.connection();
    connection.say(joined(1, 0));
    await room.joined();
    room.leave();
    const again = client.join(1);
    expect(again).to.not.equal(room);
    const got: number[] = [];
    again.on('message', ({ seq }) => got.push(seq));
    expect((await next(connection, 3)).map(({ type }) => type)).to.deep.equal(['join', 'leave', 'join']);
    connection.say(
      message(1, 1),
      { type: 'room-left', roomId: 1, reason: 'left' },
      joined(1, 1),
      message(1, 2),
    );
    await event((listener) => again.on('message', listener));
    expect(got).to.deep.equal([2]);
    expect(seen).to.deep.equal([]);
  });

  it('is joined again after a temporary refusal, and left after a final one', async () => {
    const connection = await stage.connection();
    await connection.next();
    connection.say(refusal('join', { roomId: 1 }, true));
    expect(await connection.next()).to.deep.equal({ type: 'join', roomId: 1 });
    const joining = room.joined().catch((error: ChorusError) => error);
    connection.say(refusal('join', { roomId: 1 }, false));
    expect(await joining)
      .to.be.instanceOf(ChorusError)
      .and.include({ code: 'left' });
    expect(room.leftReason).to.equal('banned');
  });

  it('iterates over messages, and ends with the room', async () => {
    const connection = await stage.connection();
    const messages = room.messages();
    connection.say(joined(1, 0), message(1, 1), message(1, 2));
    await sees(2);
    const got: number[] = [];
    setImmediate(() => room.leave());
    for await (const { seq } of messages) got.push(seq);
    expect(got).to.deep.equal([1, 2]);
    expect(await room.messages().next()).to.deep.equal({ done: true, value: undefined });
  });

  it('throws too_slow after the buffered messages when the consumer is too slow', async () => {
    const messages = room.messages({ buffer: 2 });
    (await stage.connection()).say(joined(1, 0), message(1, 1), message(1, 2), message(1, 3));
    await sees(3);
    expect((await messages.next()).value?.seq).to.equal(1);
    expect((await messages.next()).value?.seq).to.equal(2);
    expect(await messages.next().catch((error: ChorusError) => error.code)).to.equal('too_slow');
    expect((await messages.next()).done).to.equal(true);
  });
});
