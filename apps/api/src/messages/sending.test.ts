import { MemoryBroker, MemoryRoomDirectory, MemoryRoomHistory, MemoryRoomStore } from '@chorus/broker';
import { MemoryAccessList } from '@chorus/control';
import type { Database } from '@chorus/database';
import type { Position } from '@chorus/protocol';
import { type Answer, until } from '@chorus/testing';
import { expect } from 'chai';
import { type Client, openDatabase, type RunningApi, startApi } from '../testing/api.js';

const ROOM = 1;
const ann = { id: 1, username: 'ann' };
const ben = { id: 2, username: 'ben' };

describe('messages that are sent and changed through the API', function () {
  this.timeout(60_000);
  let db: Database;
  let api: RunningApi;
  let client: Client;

  before(async () => {
    ({ db } = await openDatabase());
  });
  beforeEach(async () => {
    await db.$executeRaw`TRUNCATE rooms, outbox RESTART IDENTITY CASCADE`;
    const rooms = new MemoryRoomStore();
    const [access, broker] = [new MemoryAccessList(), new MemoryBroker(rooms)];
    const directory = new MemoryRoomDirectory(rooms);
    const parts = { access, directory, history: new MemoryRoomHistory(rooms) };
    const env = { MAX_REACTIONS: '2', MAX_MESSAGES_PER_SECOND_PER_USER: '1000' };
    api = await startApi(db, env, { ...parts, publisher: broker, messagePublisher: broker });
    await api.mirrored();
    await until(() => access.memberships.isComplete());
    client = api.client.as(ann);
    expect((await client.post('/api/rooms', { name: 'room' })).body.id).to.equal(ROOM);
  });
  afterEach(() => api.close());
  after(() => db.$disconnect());

  const messages = `/api/rooms/${ROOM}/messages`;
  const place = ({ epoch, seq }: Position): string => `${epoch}-${seq}`;
  const send = async (content: string, more = {}, as = client): Promise<Position> => {
    const { status, body } = await as.post(messages, { content, ...more });
    expect(status).to.equal(201);
    return body;
  };
  const edit = async (at: Position, content: string): Promise<Position> => {
    const { status, body } = await client.patch(`${messages}/${place(at)}`, { content });
    expect(status).to.equal(200);
    return body;
  };

  it('are returned by what changed since a position, page by page, stored and not', async () => {
    const sent: Position[] = [];
    for (let n = 0; n < 7; n++) sent.push(await send(`${n}`));
    const since = place(sent.at(-1) as Position);
    const [changes, order] = [new Map<number, Position>(), [3, 1, 5, 2, 6, 4]];
    for (const n of order) changes.set(n, await edit(sent[n] as Position, `edited ${n}`));
    // Archivers have applied the first three changes.
    const stored = changes.get(5) as Position;
    for (const [n, { epoch, seq }] of sent.entries()) {
      const change = [3, 1, 5].includes(n) ? changes.get(n) : undefined;
      await db.message.create({
        data: {
          ...{ roomId: ROOM, epoch, seq, messageId: `m${n}`, userId: 1, username: 'ann', sentAt: new Date() },
          content: change === undefined ? `${n}` : `edited ${n}`,
          ...{ changedEpoch: change?.epoch ?? null, changedSeq: change?.seq ?? null },
        },
      });
    }
    const { epoch, seq } = stored;
    await db.roomHead.create({ data: { roomId: ROOM, epoch, seq, n: 7, sentAt: new Date() } });

    for (const limit of [1, 2, 3, 4, 100]) {
      const found: string[] = [];
      for (let from: string | null = since; from !== null; ) {
        const page: Answer = await client.get(`${messages}?changedSince=${from}&limit=${limit}`);
        expect(page.body.messages.length).to.be.within(1, limit);
        found.push(...page.body.messages.map(({ content }: { content: string }) => content));
        from = page.body.changedSince;
      }
      expect(found, `pages of ${limit}`).to.deep.equal(order.map((n) => `edited ${n}`));
    }
    const last = place(changes.get(4) as Position);
    const end = await client.get(`${messages}?changedSince=${last}`);
    expect(end.body).to.deep.include({ messages: [], changedSince: null });
  });

  it('may reply to a position without a message, which changes nothing else', async () => {
    const first = await send('first');
    for (const replyTo of [
      { epoch: 5, seq: 5 },
      { epoch: first.epoch, seq: first.seq + 100 },
    ]) {
      const at = place(await send('reply', { replyTo }));
      const [reply] = (await client.get(`${messages}?limit=1`)).body.messages;
      expect([place(reply), reply.replyTo]).to.deep.equal([at, replyTo]);
    }
    const [message] = (await client.get(`${messages}?after=0-0&limit=1`)).body.messages;
    expect(message).to.deep.include({ content: 'first' }).and.not.have.property('replies');
  });

  it('have a limited number of different reactions', async () => {
    const at = place(await send('first'));
    const reactions = `${messages}/${at}/reactions`;
    const react = async (reaction: string, as = client): Promise<unknown> => {
      const { status, body } = await as.send('PUT', `${reactions}/${reaction}`);
      return status === 200 ? 200 : [status, body.code, body.error];
    };
    expect([await react('a'), await react('b')]).to.deep.equal([200, 200]);
    const refused = [409, 'too_many_reactions', 'a message has at most 2 different reactions'];
    expect(await react('c', api.client.as(ben))).to.deep.equal(refused);
    expect(await react('b', api.client.as(ben))).to.equal(200);
    expect((await client.delete(`${reactions}/a`)).status).to.equal(200);
    expect(await react('c')).to.equal(200);
  });

  it('wait for each other in slow mode, and are told for how long', async () => {
    expect((await client.patch(`/api/rooms/${ROOM}`, { slowModeSeconds: 300 })).status).to.equal(200);
    const slow = api.client.as(ben);
    await slow.send('PUT', `/api/rooms/${ROOM}/members/${ben.id}`, '{}');
    await send('first', {}, slow.with({ 'Idempotency-Key': 'one' }));
    const { status, body, headers } = await slow.post(messages, { content: 'second' });
    const seconds = Number(headers.get('retry-after'));
    expect(seconds).to.be.within(1, 300);
    expect([status, body]).to.deep.equal([
      429,
      { error: `this room is in slow mode, wait ${seconds} seconds`, code: 'slow_mode' },
    ]);
    // A retry is no further message, and moderators are exempt.
    await send('first', {}, slow.with({ 'Idempotency-Key': 'one' }));
    await send('of the owner');
    await send('again of the owner');
    const { messages: shown } = (await client.get(messages)).body;
    expect(shown.map(({ content }: { content: string }) => content)).to.deep.equal([
      ...['first', 'of the owner', 'again of the owner'],
    ]);
  });
});
