import {
  MemoryBroker,
  MemoryReadPositions,
  MemoryRoomDirectory,
  MemoryRoomHistory,
  MemoryRoomStore,
} from '@chorus/broker';
import { MemoryAccessList } from '@chorus/control';
import type { Database } from '@chorus/database';
import { UnavailableError } from '@chorus/redis';
import { type Answer, until } from '@chorus/testing';
import { expect } from 'chai';
import { type Client, openDatabase, type RunningApi, startApi } from '../testing/api.js';

const [ANN, BEN] = ['ann', 'ben'].map((username, at) => ({ id: at + 1, username })) as [User, User];
interface User {
  readonly id: number;
  readonly username: string;
}

describe('the inbox', function () {
  this.timeout(60_000);
  let db: Database;
  let rooms: MemoryRoomStore;
  let access: MemoryAccessList;
  let history: MemoryRoomHistory;
  let running: RunningApi;
  const as = (user: User): Client => running.client.as(user);

  before(async () => {
    db = (await openDatabase()).db;
    await db.user.createMany({
      data: [ANN, BEN].map(({ id, username }) => ({
        ...{ id, username, email: `${username}@example.com`, emailKey: username, passwordHash: '' },
      })),
    });
  });
  beforeEach(async () => {
    await db.$executeRaw`TRUNCATE rooms, outbox, bans RESTART IDENTITY CASCADE`;
    rooms = new MemoryRoomStore();
    access = new MemoryAccessList();
    history = new MemoryRoomHistory(rooms);
    running = await startApi(
      db,
      {},
      {
        ...{ access, history, reads: new MemoryReadPositions(rooms) },
        directory: new MemoryRoomDirectory(rooms),
        publisher: new MemoryBroker(rooms),
        messagePublisher: new MemoryBroker(rooms),
      },
    );
    await running.mirrored();
    await until(() => access.memberships.isComplete());
  });
  afterEach(() => running.close());
  after(() => db.$disconnect());

  const newRoom = async (kind = 'private', user = ANN): Promise<number> => {
    const { status, body } = await as(user).post('/api/rooms', { name: 'room', kind });
    expect(status).to.equal(201);
    return body.id;
  };
  const add = (room: number, user: User): Promise<Answer> =>
    as(ANN).send('PUT', `/api/rooms/${room}/members/${user.id}`, '{}', {
      'Content-Type': 'application/json',
    });
  const send = async (room: number, content: string, by = ANN, more = {}): Promise<string> => {
    const { status, body } = await as(by).post(`/api/rooms/${room}/messages`, { content, ...more });
    expect(status).to.equal(201);
    return `${body.epoch}-${body.seq}`;
  };
  const read = (room: number, body: object, user = ANN): Promise<Answer> =>
    as(user).send('PUT', `/api/rooms/${room}/read`, JSON.stringify(body), {
      'Content-Type': 'application/json',
    });
  const inbox = async (user = ANN, query = '') => (await as(user).get(`/api/inbox${query}`)).body;

  it('shows a room with its last message and what is unread, also before anything is stored', async () => {
    const room = await newRoom();
    await add(room, BEN);
    const first = await send(room, 'one', ANN, { mentions: [BEN.id] });
    const last = await send(room, 'two', ANN, { mentions: ['room'] });
    const { rooms: list, next } = await inbox(BEN);
    expect(next).to.equal(null);
    const [entry] = list;
    expect(entry.room).to.deep.equal((await as(BEN).get(`/api/rooms/${room}`)).body);
    expect(entry).to.deep.include({
      role: 'member',
      n: 2,
      unread: 2,
      mentions: 2,
      readN: 0,
      mutedUntil: null,
    });
    expect(entry).to.deep.include({
      position: last,
      activityAt: new Date(entry.lastMessage.sentAt).toISOString(),
    });
    expect(entry.lastMessage).to.deep.equal(
      (await as(BEN).get(`/api/rooms/${room}/messages`)).body.messages[1],
    );
    expect((await inbox(ANN)).rooms[0]).to.deep.include({
      unread: 0,
      mentions: 0,
      readN: 2,
      readPosition: last,
    });

    expect((await read(room, { position: first }, BEN)).body).to.deep.equal({
      readPosition: first,
      readN: 1,
    });
    expect((await inbox(BEN, `?roomId=${room}`)).rooms).to.deep.equal([
      { ...entry, readPosition: first, readN: 1, unread: 1, mentions: 1 },
    ]);
    expect((await read(room, { position: first, unread: true }, ANN)).body.readN).to.equal(1);
    expect((await inbox(ANN)).rooms[0]).to.deep.include({ unread: 1, mentions: 0 });
  });

  it('shows a room without messages since the user became a member', async () => {
    const room = await newRoom();
    const [entry] = (await inbox()).rooms;
    const member = await db.roomMember.findFirstOrThrow({ where: { roomId: room } });
    expect(entry).to.deep.include({
      ...{ lastMessage: null, position: null, n: 0, unread: 0, mentions: 0, readPosition: null, readN: 0 },
      ...{ role: 'owner', activityAt: member.joinedAt.toISOString() },
    });
  });

  it('leaves out what was sent before the user became a member', async () => {
    const room = await newRoom();
    await send(room, 'before');
    await add(room, BEN);
    expect((await inbox(BEN)).rooms[0]).to.deep.include({ n: 1, unread: 0, readN: 1 });
    await send(room, 'after');
    expect((await inbox(BEN)).rooms[0]).to.deep.include({ n: 2, unread: 1, readN: 1 });
  });

  it('pages through all rooms once, by latest activity, also those of one moment', async () => {
    const ids: number[] = [];
    for (let count = 0; count < 7; count++) ids.push(await newRoom());
    const at = new Date('2026-01-01T00:00:00.123Z');
    await db.roomMember.updateMany({ data: { joinedAt: at } });
    await db.$executeRaw`INSERT INTO messages (room_id, epoch, seq, message_id, user_id, username, content, sent_at)
      VALUES (${ids[2]}, 5, 1, 'x', 1, 'ann', 'hello', ${new Date('2026-02-01T00:00:00Z')})`;
    const seen: number[] = [];
    let query = '?limit=3';
    for (let next: string | null = ''; next !== null; query = `?limit=3&cursor=${next}`) {
      const page = await inbox(ANN, query);
      seen.push(...page.rooms.map(({ room }: { room: { id: number } }) => room.id));
      next = page.next;
      if (seen.length > 20) break;
    }
    expect(seen).to.deep.equal([2, 6, 5, 4, 3, 1, 0].map((index) => ids[index]));
  });

  it('counts rooms that an archiver of the version before has stored', async () => {
    const room = await newRoom();
    await db.$executeRaw`INSERT INTO messages (room_id, epoch, seq, message_id, user_id, username, content, sent_at)
      SELECT ${room}, 5, n, 'x', 2, 'ben', 'hello', now() FROM generate_series(1, 4) n`;
    expect((await inbox()).rooms[0]).to.deep.include({ n: 4, unread: 4, position: '5-4', readN: 0 });
    await db.roomMember.updateMany({ data: { readEpoch: 5, readSeq: 3, readN: 3 } });
    expect((await inbox()).rooms[0]).to.deep.include({ n: 4, unread: 1, readPosition: '5-3', readN: 3 });
  });

  it('does not trust the ordinal of a position that Redis has lost since', async () => {
    const room = await newRoom();
    await db.$executeRaw`INSERT INTO messages (room_id, epoch, seq, message_id, user_id, username, content, sent_at)
      VALUES (${room}, 5, 1, 'x', 2, 'ben', 'one', now()), (${room}, 9, 2, 'x', 2, 'ben', 'two', now()),
        (${room}, 9, 3, 'x', 2, 'ben', 'three', now())`;
    await db.$executeRaw`INSERT INTO room_heads (room_id, epoch, seq, n, sent_at) VALUES (${room}, 9, 3, 3, now())`;
    await db.roomMember.updateMany({ data: { readEpoch: 5, readSeq: 8, readN: 8 } });
    expect((await inbox()).rooms[0]).to.deep.include({ n: 3, unread: 2, readPosition: '5-8', readN: 1 });
  });

  it('counts messages that the retention has removed as read', async () => {
    const room = await newRoom();
    await db.$executeRaw`INSERT INTO messages (room_id, epoch, seq, message_id, user_id, username, content, sent_at)
      SELECT ${room}, 5, n, 'x', 2, 'ben', 'hello', now() FROM generate_series(8, 10) n`;
    await db.$executeRaw`INSERT INTO room_heads (room_id, epoch, seq, n, sent_at, removed_epoch, removed_seq, removed_n)
      VALUES (${room}, 5, 10, 10, now(), 5, 7, 7)`;
    expect((await inbox()).rooms[0]).to.deep.include({ n: 10, unread: 3, readPosition: null });
    await db.roomMember.updateMany({ data: { readEpoch: 5, readSeq: 2, readN: 2 } });
    expect((await inbox()).rooms[0]).to.deep.include({ n: 10, unread: 3, readPosition: '5-2' });
    await db.roomMember.updateMany({ data: { readEpoch: 5, readSeq: 9, readN: 9 } });
    expect((await inbox()).rooms[0]).to.deep.include({ n: 10, unread: 1 });
  });

  it('hides messages that are older than the retention before they are removed', async () => {
    const room = await newRoom();
    await db.$executeRaw`INSERT INTO messages (room_id, epoch, seq, message_id, user_id, username, content, sent_at)
      VALUES (${room}, 5, 1, 'x', 2, 'ben', 'hello', now() - interval '3 days')`;
    expect((await inbox()).rooms[0].lastMessage.content).to.equal('hello');
    await db.room.update({ where: { id: room }, data: { retentionDays: 2 } });
    expect((await inbox()).rooms[0]).to.deep.include({ lastMessage: null, unread: 0, n: 1 });
  });

  it('tells members of small rooms, and no other user, how far each member has read', async () => {
    const room = await newRoom('public');
    await add(room, BEN);
    const first = await send(room, 'one');
    const last = await send(room, 'two');
    await read(room, { position: last }, BEN);
    await read(room, { position: first, unread: true }, ANN);
    const positions = async (user: User) =>
      (await as(user).get(`/api/rooms/${room}/members`)).body.members.map(
        ({ readPosition }: { readPosition?: string }) => readPosition,
      );
    expect(await positions(ANN)).to.deep.equal([first, last]);
    expect(await positions({ id: 3, username: 'cat' })).to.deep.equal([undefined, undefined]);
    await db.$executeRaw`INSERT INTO room_members (room_id, user_id, role)
      SELECT ${room}, id, 'member' FROM generate_series(100, 197) id`;
    expect((await positions(ANN)).slice(0, 3)).to.deep.equal([first, last, null]);
    await db.$executeRaw`INSERT INTO room_members (room_id, user_id, role) VALUES (${room}, 198, 'member')`;
    expect((await positions(ANN)).slice(0, 3)).to.deep.equal([undefined, undefined, undefined]);
  });

  it('has no room of which the user is not a member, or from which the user is banned', async () => {
    const [shown, hidden] = [await newRoom('public'), await newRoom()];
    expect((await inbox(BEN)).rooms).to.deep.equal([]);
    await add(hidden, BEN);
    expect((await inbox(BEN)).rooms).to.have.length(1);
    await db.ban.create({ data: { userId: BEN.id, roomId: hidden } });
    expect((await inbox(BEN)).rooms).to.deep.equal([]);
    for (const room of [shown, hidden, 4_000_000]) {
      const { status, body } = await as(BEN).get(`/api/inbox?roomId=${room}`);
      expect([status, body.code], `room ${room}`).to.deep.equal([404, 'room_not_found']);
    }
  });

  it('lets members mark rooms as read, and no other user', async () => {
    const [shown, hidden] = [await newRoom('public'), await newRoom()];
    const position = '0-0';
    expect((await read(shown, { position })).body).to.deep.equal({ readPosition: null, readN: 0 });
    expect((await read(shown, { position }, BEN)).body.code).to.equal('role_required');
    const [forbidden, unknown] = [
      await read(hidden, { position }, BEN),
      await read(4_000_000, { position }, BEN),
    ];
    expect([forbidden.status, forbidden.body]).to.deep.equal([404, unknown.body]);
  });

  it('takes a position beyond the newest entry for the newest, and never moves backwards', async () => {
    const room = await newRoom();
    const first = await send(room, 'one');
    const last = await send(room, 'two');
    await read(room, { position: first, unread: true });
    const end = { readPosition: last, readN: 2 };
    expect((await read(room, { position: `${Number.MAX_SAFE_INTEGER}-1` })).body).to.deep.equal(end);
    expect((await read(room, { position: first })).body).to.deep.equal(end);
  });

  it('names what is wrong with a request', async () => {
    const room = await newRoom();
    for (const body of [
      {},
      { position: '1' },
      { position: 5 },
      { position: '1-1', unread: 'x' },
      { position: '1-1', x: 1 },
    ]) {
      expect((await read(room, body)).status, JSON.stringify(body)).to.equal(400);
    }
    for (const query of [
      '?cursor=x',
      '?cursor=1',
      '?limit=0',
      '?limit=101',
      '?roomId=0',
      '?x=1',
      '?roomId=1&cursor=1-1',
    ]) {
      expect((await as(ANN).get(`/api/inbox${query}`)).status, query).to.equal(400);
    }
    expect((await as(ANN).get('/api/inbox?cursor=8640000000000000-9007199254740991')).status).to.equal(200);
    expect((await running.client.get('/api/inbox')).status).to.equal(401);
  });

  it('answers 503 while Redis is unavailable, rather than with a wrong count', async () => {
    await newRoom();
    history.fromEach = () => Promise.reject(new UnavailableError('away'));
    expect((await as(ANN).get('/api/inbox')).status).to.equal(503);
  });
});
