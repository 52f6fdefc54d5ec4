import { createDatabase, type Database } from '@chorus/database';
import { formatPosition, type MessageFrame } from '@chorus/protocol';
import { UnavailableError } from '@chorus/redis';
import type { Answer } from '@chorus/testing';
import { expect } from 'chai';
import { type Client, openDatabase, type RunningApi, startApi } from '../testing/api.js';
import { TestRecent } from '../testing/recent.js';

const ROOM = 1;
const ann = { id: 1, username: 'ann' };

describe('GET /api/rooms/:roomId/messages', function () {
  this.timeout(60_000);
  let db: Database;
  let api: RunningApi;
  let client: Client;
  let recent: TestRecent;

  before(async () => {
    ({ db } = await openDatabase());
  });
  beforeEach(async () => {
    await db.$executeRaw`TRUNCATE rooms CASCADE`;
    await db.room.create({ data: { id: ROOM, name: 'room' } });
    recent = new TestRecent(ROOM);
    api = await startApi(db, {}, { history: recent });
    await api.mirrored();
    client = api.client.as(ann);
  });
  afterEach(() => api.close());
  after(() => db.$disconnect());

  const get = (query = '', room = ROOM): Promise<Answer> => client.get(`/api/rooms/${room}/messages${query}`);
  const contents = ({ body }: Answer): string[] => body.messages.map((each: MessageFrame) => each.content);
  const publish = (first: number, last: number): string[] => {
    const names = Array.from({ length: last - first + 1 }, (_, index) => `m${first + index}`);
    for (const name of names) recent.publish(name);
    return names;
  };

  it('returns the newest messages, oldest first, as sockets received them', async () => {
    const frames = [recent.publish('one'), recent.publish('two 👋', 'c:1')];
    const answer = await get();
    expect(answer.status).to.equal(200);
    expect(answer.body).to.deep.equal({
      messages: frames.map((frame) => JSON.parse(frame)),
      before: null,
      after: null,
    });
    await recent.archive(db, 0);
    const archived = await get();
    expect(JSON.stringify(archived.body)).to.equal(JSON.stringify(answer.body));
    expect(archived.body.messages.map((each: unknown) => JSON.stringify(each))).to.deep.equal(frames);
  });

  it('returns nothing to a member who is removed from a private room while the history is read', async () => {
    await db.room.update({ where: { id: ROOM }, data: { kind: 'private' } });
    const member = { roomId: ROOM, userId: ann.id };
    for (const stored of [false, true]) {
      recent.publish('secret');
      if (stored) await recent.archive(db, 0);
      for (const query of ['', '?after=0-0', '?changes=true', '?changedSince=0-0']) {
        await db.roomMember.upsert({
          where: { roomId_userId: member },
          create: { ...member, role: 'member' },
          update: {},
        });
        recent.afterRead = async () => {};
        expect((await get(query)).status, `${query}, a member`).to.equal(200);
        recent.afterRead = async () => {
          await db.roomMember.deleteMany({ where: member });
        };
        expect((await get(query)).body.code, `${query}, removed, stored: ${stored}`).to.equal(
          'room_not_found',
        );
      }
    }
  });

  it('is empty for a room without messages', async () => {
    const empty = { messages: [], before: null, after: null };
    expect((await get()).body).to.deep.equal(empty);
    expect((await get('?before=5-5')).body).to.deep.equal(empty);
    expect((await get('?after=5-5')).body).to.deep.equal(empty);
  });

  it('returns the positions of the next pages in both directions', async () => {
    publish(1, 10);
    await recent.archive(db, 4);
    const newest = await get('?limit=3');
    expect(contents(newest)).to.deep.equal(['m8', 'm9', 'm10']);
    expect(newest.body.after).to.equal(null);
    const older = await get(`?limit=5&before=${newest.body.before}`);
    expect(contents(older)).to.deep.equal(['m3', 'm4', 'm5', 'm6', 'm7']);
    const oldest = await get(`?limit=2&before=${older.body.before}`);
    expect(contents(oldest)).to.deep.equal(['m1', 'm2']);
    expect(oldest.body.before).to.equal(null);
    const newer = await get(`?limit=3&after=${oldest.body.after}`);
    expect(contents(newer)).to.deep.equal(['m3', 'm4', 'm5']);
    const last = await get(`?after=${newer.body.after}`);
    expect(contents(last)).to.deep.equal(['m6', 'm7', 'm8', 'm9', 'm10']);
    expect(last.body.after).to.equal(null);
    expect(contents(await get(`?limit=1&before=${last.body.before}`))).to.deep.equal(['m5']);
    expect((await get(`?after=${formatPosition(last.body.messages[4])}`)).body).to.deep.equal({
      messages: [],
      before: null,
      after: null,
    });
  });

  it('begins at the very first message after 0-0', async () => {
    publish(1, 3);
    await recent.archive(db, 1);
    expect(contents(await get('?after=0-0&limit=2'))).to.deep.equal(['m1', 'm2']);
  });

  it('reads messages that are not archived', async () => {
    publish(1, 5);
    const first = formatPosition({ ...recent.at, seq: 1 });
    expect(contents(await get(`?after=${first}`))).to.deep.equal(['m2', 'm3', 'm4', 'm5']);
    const last = formatPosition(recent.at);
    expect(contents(await get(`?before=${last}`))).to.deep.equal(['m1', 'm2', 'm3', 'm4']);
  });

  it('continues across epochs', async () => {
    publish(1, 3);
    recent.newEpoch();
    publish(4, 6);
    await recent.archive(db, 2);
    recent.newEpoch();
    publish(7, 8);
    const all = Array.from({ length: 8 }, (_, index) => `m${index + 1}`);
    expect(contents(await get())).to.deep.equal(all);
    expect(contents(await get('?after=0-0'))).to.deep.equal(all);
    // A position without a message: the third of the second epoch.
    const between = formatPosition({ epoch: recent.at.epoch - 1_000, seq: 3 });
    expect(contents(await get(`?after=${between}`))).to.deep.equal(['m4', 'm5', 'm6', 'm7', 'm8']);
    expect(contents(await get(`?before=${between}`))).to.deep.equal(['m1', 'm2', 'm3']);
  });

  it('finds messages in the archive that a Redis with older data lacks', async () => {
    publish(1, 6);
    await recent.archive(db, 6);
    recent.messages = recent.messages.slice(0, 3);
    recent.at = { ...recent.at, seq: 3 };
    recent.newEpoch();
    recent.publish('after');
    const all = ['m1', 'm2', 'm3', 'm4', 'm5', 'm6', 'after'];
    expect(contents(await get())).to.deep.equal(all);
    expect(contents(await get('?after=0-0'))).to.deep.equal(all);
    expect(contents(await get(`?limit=3`))).to.deep.equal(all.slice(-3));
    expect(contents(await get(`?limit=5&after=0-0`))).to.deep.equal(all.slice(0, 5));
  });

  it('misses no message that is archived and trimmed after the read of Redis', async () => {
    publish(1, 10);
    let reads = 0;
    recent.afterRead = async () => {
      if (reads++ > 0) return;
      publish(11, 20);
      await recent.archive(db, 0);
    };
    const all = Array.from({ length: 20 }, (_, index) => `m${index + 1}`);
    expect(contents(await get('?limit=100'))).to.deep.equal(all);
    expect(reads).to.equal(1);
  });

  it('returns every message of a backlog that is too long to be read as a whole', async () => {
    publish(1, 20);
    await recent.archive(db, 5);
    publish(21, 5_100);
    const all = Array.from({ length: 5_100 }, (_, index) => `m${index + 1}`);
    expect(contents(await get('?limit=100'))).to.deep.equal(all.slice(-100));
    const place = (seq: number): string => formatPosition({ ...recent.at, seq });
    expect(contents(await get(`?limit=100&before=${place(71)}`))).to.deep.equal(all.slice(0, 70));
    expect(contents(await get(`?limit=50&after=${place(10)}`))).to.deep.equal(all.slice(10, 60));
  });

  /** Publishes messages, changes epochs, and archives all but the last few messages, continuously. */
  const upheaval = async (until: () => boolean): Promise<number> => {
    let count = recent.messages.length;
    while (!until()) {
      publish(count + 1, count + 7);
      count += 7;
      if (count % 5 === 0) recent.newEpoch();
      await recent.archive(db, 10);
    }
    return count;
  };
  const pages = async (first: string, next: (body: Answer['body']) => string | null): Promise<Answer[]> => {
    const answers = [await get(first)];
    for (;;) {
      const query = next(answers.at(-1)?.body);
      if (query === null) return answers;
      answers.push(await get(query));
    }
  };

  it('reads every message once, in order, back from the newest while new ones arrive', async () => {
    publish(1, 500);
    let done = false;
    const going = upheaval(() => done);
    const answers = await pages('?limit=9', ({ before }) => before && `?limit=9&before=${before}`);
    done = true;
    await going;
    const read = answers.reverse().flatMap(contents);
    expect(read.length).to.be.at.least(500);
    expect(read).to.deep.equal(read.map((_, index) => `m${index + 1}`));
  });

  it('reads every message once, in order, forward to the newest while new ones arrive', async () => {
    publish(1, 500);
    let done = false;
    let steps = 0;
    // Bounded, so that the reader reaches the end.
    const going = upheaval(() => done || ++steps > 60);
    const answers = await pages('?limit=9&after=0-0', ({ after }) => after && `?limit=9&after=${after}`);
    done = true;
    await going;
    const read = answers.flatMap(contents);
    expect(read.length).to.be.at.least(500);
    expect(read).to.deep.equal(read.map((_, index) => `m${index + 1}`));
  });

  it('returns a stored frame that is not valid identically from both tiers, and the other messages with it', async () => {
    publish(1, 1);
    recent.at = { ...recent.at, seq: 2 };
    recent.put('nonsense\0');
    publish(3, 3);
    const before = await get();
    expect(contents(before)).to.deep.equal(['m1', 'nonsense\uFFFD', 'm3']);
    await recent.archive(db, 0);
    expect((await get()).body).to.deep.equal(before.body);
  });

  it('names the invalid parameter', async () => {
    const position = 'must be a position such as 1767225600000-12';
    for (const [query, error] of [
      ['?before=1', `before ${position}`],
      ['?after=x-1', `after ${position}`],
      ['?after=-1-1', `after ${position}`],
      ['?before=', `before ${position}`],
      ['?before=1-9007199254740992', `before ${position}`],
      ['?before=1-1&before=1-2', `before ${position}`],
      ['?before=1-1&after=1-1', 'after must not be given together with before'],
      ['?limit=0', 'limit must be a whole number from 1 to 100'],
      ['?limit=101', 'limit must be a whole number from 1 to 100'],
      ['?limit=ten', 'limit must be a whole number from 1 to 100'],
    ]) {
      const { status, body } = await get(query);
      expect([status, body], query).to.deep.equal([400, { error, code: 'invalid_field' }]);
    }
    expect((await client.get('/api/rooms/one/messages')).status).to.equal(400);
  });

  it('accepts any well-formed position', async () => {
    publish(1, 2);
    const last = `${Number.MAX_SAFE_INTEGER}-${Number.MAX_SAFE_INTEGER}`;
    expect(contents(await get(`?before=${last}`))).to.deep.equal(['m1', 'm2']);
    expect(contents(await get(`?after=${last}`))).to.deep.equal([]);
    expect(contents(await get('?before=0-0'))).to.deep.equal([]);
  });

  it('answers 404 for a room that does not exist', async () => {
    const { status, body } = await get('', 99);
    expect([status, body]).to.deep.equal([404, { error: 'there is no such room', code: 'room_not_found' }]);
  });

  it('requires access to rooms', async () => {
    expect((await api.client.get(`/api/rooms/${ROOM}/messages`)).status).to.equal(401);
    expect((await get('?userId=2')).status).to.equal(403);
    await api.access.ban({ userId: ann.id, roomId: ROOM });
    expect((await get()).status).to.equal(403);
  });

  it('answers 503 while Redis is unavailable, rather than with a hole', async () => {
    publish(1, 2);
    await recent.archive(db, 0);
    recent.failure = new UnavailableError('away');
    const answer = await get();
    expect(answer.status).to.equal(503);
    expect(Number(answer.headers.get('retry-after'))).to.be.above(0);
  });

  it('answers 503 while PostgreSQL is unavailable', async () => {
    publish(1, 2);
    const away = createDatabase('postgresql://chorus@127.0.0.1:1/chorus', { poolSize: 1, timeoutMs: 500 });
    const broken = await startApi(away, {}, { history: recent });
    expect((await broken.client.as(ann).get(`/api/rooms/${ROOM}/messages`)).status).to.equal(503);
    await broken.close();
  });
});
