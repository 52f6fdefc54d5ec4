import type { Database } from '@chorus/database';
import type { ChangeParts } from '@chorus/protocol';
import { type Answer, createPrng } from '@chorus/testing';
import { expect } from 'chai';
import { type Client, openDatabase, type RunningApi, startApi } from '../../testing/api.js';
import { TestRecent } from '../../testing/recent.js';

const ROOM = 1;
const ann = { id: 1, username: 'ann' };
const ben = { id: 22, username: 'ben "member":{"id":1,' };

describe('changes of members and rooms in the history', function () {
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
    await db.room.create({ data: { id: ROOM, name: 'room', kind: 'private' } });
    await db.roomMember.create({ data: { roomId: ROOM, userId: ann.id, role: 'member' } });
    recent = new TestRecent(ROOM);
    api = await startApi(db, {}, { history: recent });
    await api.mirrored();
    client = api.client.as(ann);
  });
  afterEach(() => api.close());
  after(() => db.$disconnect());

  const get = (query = ''): Promise<Answer> => client.get(`/api/rooms/${ROOM}/messages${query}`);
  const about = { id: 'x', sentAt: 1_767_225_600_123 };
  const added = (by = ann, member = ben): string =>
    recent.change(by, { change: 'member-added', member, ...about });
  /** Number of the entry in its epoch, in order. */
  const seqs = ({ body: { messages, changes } }: Answer): number[] =>
    [...messages, ...changes]
      .sort((a, b) => a.epoch - b.epoch || a.seq - b.seq)
      .map(({ seq }: { seq: number }) => seq);
  const archive = async (keep: number): Promise<void> => {
    await recent.archive(db, keep);
    const { epoch, seq } = recent.at;
    const head = { epoch, seq, n: seq, sentAt: new Date() };
    await db.roomHead.upsert({ where: { roomId: ROOM }, create: { roomId: ROOM, ...head }, update: head });
  };

  it('are returned on request only, as sockets received them, whether or not they are stored', async () => {
    recent.publish('one');
    const frames = [
      added(),
      recent.change(ann, { change: 'member-changed', member: ben, role: 'moderator', ...about }),
      recent.change(ann, { change: 'room-changed', name: 'new name', ...about }),
      recent.change(ben, { change: 'member-removed', member: ben, ...about }),
    ];
    recent.publish('two');
    for (const keep of [6, 2, 0]) {
      const { body } = await get('?changes=true');
      expect(body.changes).to.deep.equal(frames.map((frame) => JSON.parse(frame)));
      expect(seqs({ body } as Answer)).to.deep.equal([1, 2, 3, 4, 5, 6]);
      expect([body.before, body.after]).to.deep.equal([null, null]);
      for (const query of ['', '?changes=false', '?changedSince=0-0'])
        expect((await get(query)).body).to.not.have.property('changes');
      await archive(keep);
    }
    expect((await get('?changes=maybe')).status).to.equal(400);
    expect((await get('?changes=true&changedSince=0-0')).status).to.equal(400);
  });

  it('leave out changes of messages', async () => {
    recent.publish('one');
    const target = { ...recent.at };
    recent.change(ann, { change: 'reacted', target, reaction: 'ok', ...about } as ChangeParts);
    added();
    for (const keep of [3, 0]) {
      expect((await get('?changes=true')).body.changes.map(({ seq }: { seq: number }) => seq)).to.deep.equal([
        3,
      ]);
      await archive(keep);
    }
  });

  it('leave out users of public rooms who come and go by themselves', async () => {
    await db.room.update({ where: { id: ROOM }, data: { kind: 'public' } });
    for (const user of [ann, ben]) {
      added(user, user);
      added(user, user === ann ? ben : ann);
      recent.change(user, { change: 'member-changed', member: user, role: 'member', ...about });
      recent.change(user, { change: 'member-removed', member: user, ...about });
    }
    for (const keep of [5, 0]) {
      expect(seqs(await get('?changes=true'))).to.deep.equal([2, 3, 6, 7]);
      await archive(keep);
    }
  });

  it('end with the retention of the room', async () => {
    await db.room.update({ where: { id: ROOM }, data: { retentionDays: 1 } });
    const now = { ...about, sentAt: Date.now() };
    added();
    recent.change(ann, { change: 'member-removed', member: ben, ...now });
    for (const keep of [2, 0]) {
      expect(seqs(await get('?changes=true'))).to.deep.equal([2]);
      await archive(keep);
    }
  });

  it('are paged with the messages: every entry once, in order, in both directions, while new ones arrive', async () => {
    const random = createPrng(5);
    const write = (count: number): number[] =>
      Array.from({ length: count }, () => {
        if (random.next() < 0.05) recent.newEpoch();
        // Long runs of one kind.
        if (Math.floor(recent.at.seq / 15) % 2 === 0 ? random.next() < 0.9 : random.next() < 0.1) added();
        else recent.publish('m');
        return recent.at.seq;
      });
    const all = write(70);
    await archive(30);
    const whole = [...all, ...write(10)];
    recent.afterRead = async () => void write(1);
    for (const limit of [1, 7, 30]) {
      const back: number[] = [];
      for (let at: string | null = `${recent.at.epoch}-81`; at !== null; ) {
        const { body }: Answer = await get(`?changes=true&limit=${limit}&before=${at}`);
        expect(Math.max(body.messages.length, body.changes.length)).to.be.at.most(limit);
        back.unshift(...seqs({ body } as Answer));
        at = body.before;
      }
      expect(back.filter((seq) => seq <= 80)).to.deep.equal(whole);
      const forth: number[] = [];
      for (let at: string | null = '0-0'; at !== null && (forth.at(-1) ?? 0) < 80; ) {
        const { body }: Answer = await get(`?changes=true&limit=${limit}&after=${at}`);
        expect(Math.max(body.messages.length, body.changes.length)).to.be.at.most(limit);
        forth.push(...seqs({ body } as Answer));
        at = body.after;
      }
      expect(forth.filter((seq) => seq <= 80)).to.deep.equal(whole);
    }
  });
});
