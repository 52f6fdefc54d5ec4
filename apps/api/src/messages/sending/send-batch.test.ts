import {
  type Broker,
  MemoryBroker,
  MemoryRoomDirectory,
  MemoryRoomHistory,
  MemoryRoomStore,
} from '@chorus/broker';
import { MemoryAccessList } from '@chorus/control';
import type { Database } from '@chorus/database';
import { UnavailableError } from '@chorus/redis';
import { type Answer, until } from '@chorus/testing';
import { expect } from 'chai';
import { type Client, openDatabase, type RunningApi, startApi } from '../../testing/api.js';
import { newKey, newUsers, withKey } from '../../testing/keys.js';

const ANN = { id: 1, username: 'ann' };
const BEN = { id: 2, username: 'ben' };
const UNKNOWN_ROOM = 4_000;
const PATH = '/api/messages/batch';

describe('messages that are sent in a batch', function () {
  this.timeout(60_000);
  let db: Database;
  let api: RunningApi;
  let access: MemoryAccessList;
  let broker: MemoryBroker;
  let publish: Broker['publish'];
  let ann: Client;
  let sender: Client;

  before(async () => {
    ({ db } = await openDatabase());
    await newUsers(db, [ANN, BEN]);
    const rooms = new MemoryRoomStore();
    access = new MemoryAccessList();
    broker = new MemoryBroker(rooms);
    publish = broker.publish.bind(broker);
    const directory = new MemoryRoomDirectory(rooms);
    const parts = { access, directory, history: new MemoryRoomHistory(rooms) };
    const env = { MAX_API_MESSAGES_PER_SECOND_PER_KEY: '1000000', MAX_MESSAGE_LENGTH: '100' };
    api = await startApi(db, env, { ...parts, publisher: broker, messagePublisher: broker });
    await api.mirrored();
    await until(() => access.memberships.isComplete());
    ann = api.client.as(ANN);
    sender = withKey(api.client, await newKey(db, ['messages:write', 'act-as']), BEN);
  });
  afterEach(() => {
    broker.publish = publish;
  });
  after(async () => {
    await api.close();
    await db.$disconnect();
  });

  const newRoom = async (fields: object = {}): Promise<number> =>
    (await ann.post('/api/rooms', { name: 'room', ...fields })).body.id;
  const send = (messages: readonly object[], as = sender): Promise<Answer> => as.post(PATH, { messages });
  const codes = ({ body }: Answer): string[] =>
    body.results.map(({ code }: { code?: string }) => code ?? 'sent');
  const texts = async (room: number): Promise<string[]> =>
    (await ann.get(`/api/rooms/${room}/messages?limit=100`)).body.messages.map(
      ({ content }: { content: string }) => content,
    );

  it('are in the order of the batch in each room', async () => {
    const rooms = [await newRoom(), await newRoom(), await newRoom()];
    const messages = Array.from({ length: 240 }, (_, n) => ({ roomId: rooms[n % 3], content: `${n}` }));
    const { status, body } = await send(messages);
    expect(status).to.equal(200);
    for (const [at, room] of rooms.entries()) {
      const own = body.results.filter((_: unknown, n: number) => n % 3 === at);
      expect(own.map(({ roomId }: { roomId: number }) => roomId)).to.deep.equal(Array(80).fill(room));
      const numbers = own.map(({ seq }: { seq: number }) => seq);
      expect(numbers).to.deep.equal(numbers.map((_: number, n: number) => numbers[0] + n));
      expect(await texts(room)).to.deep.equal(
        messages.filter(({ roomId }) => roomId === room).map(({ content }) => content),
      );
    }
    const [last] = (await ann.get(`/api/rooms/${rooms[0]}/messages?limit=1`)).body.messages;
    expect(last).to.include({ userId: BEN.id, username: BEN.username });
  });

  it('have results of their own', async () => {
    const [open, banned, slow, muted] = [await newRoom(), await newRoom(), await newRoom(), await newRoom()];
    const hidden = await newRoom({ kind: 'private' });
    await access.ban({ userId: BEN.id, roomId: banned });
    await ann.patch(`/api/rooms/${slow}`, { slowModeSeconds: 60 });
    await ann.send('PUT', `/api/rooms/${muted}/members/${BEN.id}/mute`, '{"seconds":60}');
    const answer = await send([
      { roomId: open, content: 'one' },
      { roomId: hidden, content: 'x' },
      { roomId: UNKNOWN_ROOM, content: 'x' },
      { roomId: banned, content: 'x' },
      { roomId: slow, content: 'x' },
      { roomId: slow, content: 'x' },
      { roomId: muted, content: 'x' },
      { roomId: open, content: 'x'.repeat(101) },
      { roomId: open, content: 'x', mentions: ['room'] },
      { roomId: String(open), content: 'two' },
    ]);
    expect(answer.status).to.equal(200);
    expect(codes(answer)).to.deep.equal([
      ...['sent', 'room_not_found', 'room_not_found', 'banned', 'sent', 'slow_mode', 'muted'],
      ...['message_too_long', 'role_required', 'sent'],
    ]);
    const { results } = answer.body;
    expect(results[1]).to.deep.equal(results[2]);
    expect(results[1]).to.have.all.keys('error', 'code');
    expect(await texts(open)).to.deep.equal(['one', 'two']);
  });

  it('are sent once by their idempotency keys, in one batch or several', async () => {
    const room = await newRoom();
    const message = { roomId: room, content: 'x', idempotencyKey: 'a:1' };
    const first = (await send([message, message, { ...message, idempotencyKey: 'a:2' }])).body.results;
    expect(first[0]).to.deep.equal(first[1]).and.not.deep.equal(first[2]);
    expect((await send([message])).body.results).to.deep.equal([first[0]]);
    const single = await sender
      .with({ 'Idempotency-Key': 'a:1' })
      .post(`/api/rooms/${room}/messages`, { content: 'x' });
    expect(single.body).to.deep.equal(first[0]);
    expect(await texts(room)).to.deep.equal(['x', 'x']);
  });

  it('that cannot be stored are told from the others, and a defect is not hidden', async () => {
    const [room, full] = [await newRoom(), await newRoom()];
    const failWith = (error: Error): void => {
      broker.publish = async (roomId, body, key) => {
        if (roomId === full) throw error;
        return publish(roomId, body, key);
      };
    };
    const batch = [
      { roomId: full, content: 'x' },
      { roomId: room, content: 'x' },
    ];
    failWith(new UnavailableError('too many messages wait to be stored'));
    expect(codes(await send(batch))).to.deep.equal(['unavailable', 'sent']);
    failWith(new Error('a defect'));
    const { status, body } = await send(batch);
    expect([status, body.code]).to.deep.equal([500, 'internal']);
    expect(api.log.some((line) => line.includes('a defect'))).to.equal(true);
  });

  it('are refused as a whole if the body is not valid', async () => {
    const room = await newRoom();
    const good = { roomId: room, content: 'x' };
    for (const [messages, error] of [
      [[], 'messages must be 1 to 1000 messages'],
      [Array(1_001).fill(good), 'messages must be 1 to 1000 messages'],
      [[good, { ...good, roomId: 0 }], /^messages\.1\.roomId must be/],
      [[good, { content: 'x' }], /^messages\.1\.roomId/],
      [[{ ...good, idempotencyKey: 'a b' }], /^messages\.0\.idempotencyKey must be 1 to 64 letters/],
      [[{ ...good, to: 1 }], 'to is not known here'],
    ] as const) {
      const { status, body } = await send(messages as object[]);
      expect(status).to.equal(400);
      if (typeof error === 'string') expect(body.error).to.equal(error);
      else expect(body.error).to.match(error);
    }
    const large = await send(Array(1_000).fill({ ...good, content: 'x'.repeat(1_100) }));
    expect([large.status, large.body]).to.deep.equal([
      413,
      { error: 'the body must not be larger than 1024 KiB', code: 'body_too_large' },
    ]);
    expect((await send(Array(1_000).fill(good))).status).to.equal(200);
    expect((await ann.get(`/api/rooms/${room}/messages?limit=1`)).body.messages[0].seq).to.equal(1_000);
  });

  it('need a key with the scope, and a user', async () => {
    const room = await newRoom();
    const messages = [{ roomId: room, content: 'x' }];
    expect((await send(messages, ann)).status).to.equal(401);
    const reader = withKey(api.client, await newKey(db, ['history:read', 'act-as']), BEN);
    expect((await send(messages, reader)).body.code).to.equal('scope_required');
    const alone = withKey(api.client, await newKey(db, ['messages:write']));
    expect((await send(messages, alone)).body.code).to.equal('user_required');
    await access.ban({ userId: BEN.id });
    expect((await send(messages)).body.code).to.equal('user_banned');
    await access.lift({ userId: BEN.id });
  });

  it('count for the limit of the key, not for that of the user', async () => {
    const room = await newRoom();
    const key = await newKey(db, ['messages:write', 'act-as'], { messagesPerSecond: 2 });
    const limited = withKey(api.client, key, BEN);
    const messages = Array(60).fill({ roomId: room, content: 'x' });
    expect(codes(await send(messages, limited))).to.deep.equal(Array(60).fill('sent'));
    for (const answer of [
      await send(messages, limited),
      await limited.post(`/api/rooms/${room}/messages`, { content: 'x' }),
    ]) {
      expect([answer.status, answer.body.code]).to.deep.equal([429, 'too_many_requests']);
      expect(Number(answer.headers.get('retry-after'))).to.be.within(1, 30);
    }
    expect((await ann.get(`/api/rooms/${room}/messages?limit=1`)).body.messages[0].seq).to.equal(60);
    for (let count = 0; count < 120; count++) await send([{ roomId: room, content: 'x' }]);
    expect(codes(await send([{ roomId: room, content: 'x' }]))).to.deep.equal(['sent']);
  });
});
