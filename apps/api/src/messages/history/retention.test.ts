import { MemoryBroker, MemoryRoomDirectory, MemoryRoomHistory, MemoryRoomStore } from '@chorus/broker';
import type { Database } from '@chorus/database';
import { messageEncoder, type Position } from '@chorus/protocol';
import type { Answer } from '@chorus/testing';
import { expect } from 'chai';
import { MembershipPages } from '../../outbox/membership-pages.js';
import { ArchivedEntries } from '../../rooms/mirror/archived-entries.js';
import { type Client, openDatabase, type RunningApi, startApi } from '../../testing/api.js';

const ann = { id: 1, username: 'ann' };
const ben = { id: 2, username: 'ben' };
const DAY_MS = 86_400_000;

describe('retention', function () {
  this.timeout(60_000);
  let db: Database;
  let rooms: MemoryRoomStore;
  let broker: MemoryBroker;
  let api: RunningApi;
  let client: Client;

  before(async () => {
    ({ db } = await openDatabase());
  });
  after(() => db.$disconnect());
  const start = async (env: Record<string, string> = {}): Promise<void> => {
    await db.$executeRaw`TRUNCATE rooms, outbox RESTART IDENTITY CASCADE`;
    rooms = new MemoryRoomStore();
    broker = new MemoryBroker(rooms);
    const parts = { directory: new MemoryRoomDirectory(rooms), history: new MemoryRoomHistory(rooms) };
    api = await startApi(db, env, { ...parts, publisher: broker, messagePublisher: broker });
    await api.mirrored();
    client = api.client.as(ann);
    expect((await client.post('/api/rooms', { name: 'room' })).body.id).to.equal(1);
  };
  afterEach(() => api.close());

  const set = (retentionDays: unknown, as = client): Promise<Answer> =>
    as.patch('/api/rooms/1', { retentionDays });
  const get = async (query = '') => {
    const { body } = await client.get(`/api/rooms/1/messages${query}`);
    return body.messages.map(({ content }: { content: string }) => content);
  };
  const publish = async (days: number): Promise<Position> => {
    const sentAt = Date.now() - days * DAY_MS;
    const body = messageEncoder(1, ann)({ content: `${days} days`, id: `m-${days}`, sentAt });
    return broker.publish(1, body);
  };
  const place = ({ epoch, seq }: Position): string => `${epoch}-${seq}`;
  const store = async ({ epoch, seq }: Position, days: number, changed = false): Promise<void> => {
    const sentAt = new Date(Date.now() - days * DAY_MS);
    const common = { roomId: 1, epoch, seq, messageId: `m-${days}`, userId: 1, username: 'ann' };
    const changes = changed ? { changedEpoch: epoch, changedSeq: seq + 100 } : {};
    await db.message.create({ data: { ...common, content: `${days} days`, sentAt, ...changes } });
  };

  describe('of a room', () => {
    beforeEach(() => start());

    it('is set and ended by owners', async () => {
      const changed = await set(7);
      expect(changed.status).to.equal(200);
      expect(changed.body.retentionDays).to.equal(7);
      expect((await client.get('/api/rooms/1')).body.retentionDays).to.equal(7);
      expect(rooms.retentions.get(1)).to.equal(7);
      expect((await set(null)).body.retentionDays).to.equal(null);
      expect(rooms.retentions.has(1)).to.equal(false);
    });

    it('lets messages count as read from the moment on that they are too old', async () => {
      await db.user.create({
        data: { id: 2, username: 'ben', email: 'b', emailKey: 'b', passwordHash: '' },
      });
      expect((await client.send('PUT', '/api/rooms/1/members/2', '{}')).status).to.equal(200);
      const days = [9, 8, 3, 1];
      const sent: Position[] = [];
      for (const each of days) sent.push(await publish(each));
      const counts = async () => {
        const [{ n, unread, mentions, readN }] = (await api.client.as(ben).get('/api/inbox')).body.rooms;
        return { n, unread, mentions, readN };
      };
      expect(await counts()).to.deep.equal({ n: 4, unread: 4, mentions: 0, readN: 0 });
      await set(7);
      expect(await counts(), 'not stored').to.deep.equal({ n: 4, unread: 2, mentions: 0, readN: 2 });
      await set(null);

      for (const [index, { epoch, seq }] of sent.entries()) {
        await store({ epoch, seq }, days[index] ?? 0);
        const n = index + 1;
        await db.message.updateMany({
          where: { seq },
          data: { n, ...(n % 2 ? {} : { deletedAt: new Date() }) },
        });
        await db.mention.create({ data: { roomId: 1, userId: 2, epoch, seq, n, senderId: 1 } });
      }
      const { epoch, seq } = sent.at(-1) as Position;
      await db.roomHead.create({ data: { roomId: 1, epoch, seq, n: 4, sentAt: new Date() } });
      await db.roomMember.updateMany({ data: { readEpoch: 0, readSeq: 0, readN: 0 } });
      expect(await counts()).to.deep.equal({ n: 4, unread: 2, mentions: 4, readN: 0 });
      await set(7);
      expect(await counts(), 'stored').to.deep.equal({ n: 4, unread: 1, mentions: 2, readN: 2 });
      await db.roomMember.updateMany({ data: { readEpoch: epoch, readSeq: sent[2]?.seq ?? 0, readN: 3 } });
      expect(await counts(), 'read later').to.deep.equal({ n: 4, unread: 0, mentions: 1, readN: 3 });
    });

    it('is no entry of the room', async () => {
      const before = await broker.position(1);
      await set(7);
      expect(await broker.position(1)).to.deep.equal(before);
      await client.patch('/api/rooms/1', { retentionDays: 8, topic: 'news' });
      expect((await broker.position(1)).seq).to.equal(before.seq + 1);
      expect(rooms.retentions.get(1)).to.equal(8);
    });

    it('cannot be set by other users', async () => {
      await client.send('PUT', '/api/rooms/1/members/2', JSON.stringify({ role: 'moderator' }));
      for (const user of [ben, { id: 3, username: 'eve' }]) {
        const refused = await set(7, api.client.as(user));
        expect(refused.status).to.equal(403);
        expect(refused.body.code).to.equal('role_required');
      }
    });

    it('is a whole number of days, or null', async () => {
      for (const value of [0, -1, 1.5, 36_501, '7', true]) {
        const refused = await set(value);
        expect(refused.status, String(value)).to.equal(400);
        expect(refused.body.error).to.include(
          'retentionDays must be a whole number from 1 to 36500, or null',
        );
      }
    });

    it('is among those that are restored when Redis has lost them', async () => {
      await client.post('/api/rooms', { name: 'another' });
      await set(7);
      const restored: Array<ReadonlyMap<number, number>> = [];
      await new MembershipPages(db).retentions(async (days) => void restored.push(days));
      expect(restored).to.deep.equal([new Map([[1, 7]])]);
    });
  });

  for (const [which, prepare] of [
    ['of a room', () => start().then(() => set(7))],
    ['of all rooms', () => start({ RETENTION_DAYS: '7' })],
    ['of all rooms, shorter than that of the room', () => start({ RETENTION_DAYS: '7' }).then(() => set(90))],
    ['of a room, shorter than that of all rooms', () => start({ RETENTION_DAYS: '90' }).then(() => set(7))],
  ] as const) {
    describe(which, () => {
      beforeEach(async () => void (await prepare()));

      it('hides older messages of both tiers at once', async () => {
        const places: Position[] = [];
        for (const days of [20, 10, 8, 6, 0]) places.push(await publish(days));
        const [first, second, third] = places as [Position, Position, Position];
        for (const [at, days] of [
          [first, 20],
          [second, 10],
        ] as const)
          await store(at, days);
        expect(await get()).to.deep.equal(['6 days', '0 days']);
        expect(await get('?after=0-0')).to.deep.equal(['6 days', '0 days']);
        expect(await get('?after=0-0&limit=1')).to.deep.equal(['6 days']);
        expect(await get(`?before=${place(third)}`)).to.deep.equal([]);
        const page = await client.get('/api/rooms/1/messages?limit=2');
        expect(page.body.before).to.equal(null);
      });

      it('hides older messages that changed', async () => {
        const [old, recent] = [await publish(8), await publish(6)];
        await store(old, 8, true);
        await store(recent, 6, true);
        expect(await get(`?changedSince=${place(old)}`)).to.deep.equal(['6 days']);
      });

      it('refuses changes and reports of older messages', async () => {
        const [old, stored] = [await publish(9), await publish(8)];
        await store(stored, 8);
        for (const at of [old, stored]) {
          const path = `/api/rooms/1/messages/${place(at)}`;
          const answers = [
            await client.patch(path, { content: 'new' }),
            await client.delete(path),
            await client.send('PUT', `${path}/reactions/like`),
            await client.post(`${path}/append`, { text: 'more' }),
            await client.post(`${path}/report`, { reason: 'spam' }),
          ];
          expect(answers.map(({ status, body }) => `${status} ${body.code}`)).to.deep.equal(
            Array(5).fill('404 message_not_found'),
          );
        }
      });

      it('hides reports of older messages', async () => {
        const [removed, old, recent, unstored] = [10, 8, 6, 0].map((_, at) => ({ epoch: 5, seq: at + 1 }));
        const where = { roomId: 1, reporterId: 2, reporterName: 'ben', reason: 'spam' };
        for (const at of [removed, old, recent, unstored]) {
          await db.report.create({ data: { ...where, ...(at as Position) } });
        }
        await store(old as Position, 8);
        await store(recent as Position, 6);
        const head = { epoch: 5, seq: 3, n: 3, sentAt: new Date(), removedEpoch: 5, removedSeq: 1 };
        await db.roomHead.create({ data: { roomId: 1, ...head } });
        const { body } = await client.get('/api/rooms/1/reports');
        expect(body.reports.map(({ message }: { message: Position }) => message.seq)).to.deep.equal([3, 4]);
      });
    });
  }

  it('keeps older entries from being restored to Redis', async () => {
    await start();
    await set(90);
    const places = [10, 8, 6, 0].map((days, at) => [days, { epoch: 5, seq: at + 1 }] as const);
    for (const [days, at] of places) await store(at, days);
    const entries = new ArchivedEntries(db, 7);
    const seqs = (found: readonly Position[] | undefined) => found?.map(({ seq }) => seq);
    expect(seqs(await entries.newest(1, 10))).to.deep.equal([3, 4]);
    const after = await entries.afterEach([{ id: 1, after: { epoch: 5, seq: 0 } }], 10);
    expect(seqs(after.get(1))).to.deep.equal([3, 4]);
    expect(seqs(await new ArchivedEntries(db).newest(1, 10))).to.deep.equal([1, 2, 3, 4]);
  });
});
