import type { Position } from '@chorus/broker';
import type { Database } from '@chorus/database';
import { Pace } from '@chorus/service';
import { silentLog } from '@chorus/testing';
import { expect } from 'chai';
import { MessageStore } from '../messages/message-store.js';
import { EPOCH, message, openDatabase } from '../testing/database.js';
import { DeletedRooms } from './deleted-rooms.js';
import { ExpiredEntries } from './expired-entries.js';
import { Removal } from './removal.js';

const DAY_MS = 86_400_000;
const KEEP = { size: 100, maxAgeMs: 0 };

describe('removal of old entries', () => {
  let db: Database;
  before(async () => {
    ({ db } = await openDatabase());
  });
  after(() => db.$disconnect());
  beforeEach(async () => {
    await db.$executeRaw`TRUNCATE rooms CASCADE`;
  });

  const settled: Array<{ roomId: number; erased: readonly Position[] | undefined }> = [];
  beforeEach(() => {
    settled.length = 0;
  });
  const entries = (retentionDays?: number): ExpiredEntries =>
    new ExpiredEntries(
      db,
      { settle: async (roomId, _upTo, _keep, _read, erased) => void settled.push({ roomId, erased }) },
      { retentionDays, keep: KEEP },
    );
  const remove = (retentionDays?: number): Promise<number> => entries(retentionDays).remove(new Pace(0));
  const room = (id: number, retentionDays: number | null = null) =>
    db.room.create({ data: { id, name: 'room', retentionDays, createdAt: new Date(0) } });
  /** Stores messages of these ages, the oldest first, with what belongs to them. */
  const fill = async (roomId: number, ages: readonly number[]): Promise<void> => {
    const now = Date.now();
    const messages = ages.map((days, at) => ({ ...message(roomId, at + 1), sentAt: now - days * DAY_MS }));
    await new MessageStore(db, 1_000, silentLog).save(messages, performance.now());
    for (const { seq } of messages) {
      const at = { roomId, epoch: EPOCH, seq };
      await db.reaction.create({ data: { ...at, reaction: 'like', userId: 7 } });
      await db.mention.create({ data: { ...at, userId: 7, n: seq } });
      await db.report.create({ data: { ...at, reporterId: 7, reporterName: 'ann', reason: 'spam' } });
    }
  };
  const left = async (roomId: number): Promise<number[][]> => {
    const [where, orderBy, select] = [{ roomId }, { seq: 'asc' }, { seq: true }] as const;
    const found = await Promise.all([
      db.message.findMany({ where, orderBy, select }),
      db.reaction.findMany({ where, orderBy, select }),
      db.mention.findMany({ where, orderBy, select }),
      db.report.findMany({ where, orderBy, select }),
    ]);
    return found.map((rows) => rows.map(({ seq }) => Number(seq)));
  };
  const headOf = async (roomId: number) => {
    const [head] = await db.$queryRaw<object[]>`
      SELECT seq::int, removed_seq::int AS removed, removed_n::int AS "removedN", oldest_at::text = 'infinity' AS empty
      FROM room_heads WHERE room_id = ${roomId}`;
    return head;
  };

  it('removes messages older than the retention, and what belongs to them', async () => {
    await room(1);
    await fill(1, [9, 8, 6, 0]);
    await remove(7);
    expect(await left(1)).to.deep.equal(Array(4).fill([3, 4]));
    expect(await headOf(1)).to.deep.equal({ seq: 4, removed: 2, removedN: 2, empty: false });
  });

  it('uses the shorter of the two retentions', async () => {
    for (const [id, days] of [
      [1, null],
      [2, 3],
      [3, 30],
    ] as const) {
      await room(id, days);
      await fill(id, [9, 5, 1]);
    }
    await remove(7);
    expect((await left(1))[0]).to.deep.equal([2, 3]);
    expect((await left(2))[0]).to.deep.equal([3]);
    expect((await left(3))[0]).to.deep.equal([2, 3]);
  });

  it('removes nothing in rooms without a retention', async () => {
    await room(1);
    await room(2, 7);
    for (const id of [1, 2]) await fill(id, [9_000]);
    await remove();
    expect(await left(1)).to.deep.equal(Array(4).fill([1]));
    expect(await left(2)).to.deep.equal(Array(4).fill([]));
  });

  it('keeps the position of a room whose messages are all removed, and removes the next ones too', async () => {
    await room(1);
    await fill(1, [9, 8]);
    await remove(7);
    expect(await headOf(1)).to.deep.equal({ seq: 2, removed: 2, removedN: 2, empty: true });
    const store = new MessageStore(db, 1_000, silentLog);
    const late = { ...message(1, 3), sentAt: Date.now() - 8 * DAY_MS };
    await store.save([late, message(1, 4)], performance.now());
    await remove(7);
    expect(await db.message.findMany({ select: { seq: true } })).to.deep.equal([]);
  });

  it('does not store a removed message again', async () => {
    await room(1);
    await fill(1, [9, 8, 0]);
    await remove(7);
    const old = [1, 2].map((seq) => ({ ...message(1, seq), sentAt: Date.now() - 9 * DAY_MS }));
    const outcomes = await new MessageStore(db, 1_000, silentLog).save(old, performance.now());
    expect(outcomes.get(1)).to.equal('stored');
    expect((await left(1))[0]).to.deep.equal([3]);
  });

  it('removes the edits of removed messages from the log and from the recent history', async () => {
    await room(1);
    await fill(1, [9, 0]);
    const change = { roomId: 1, epoch: EPOCH, n: 2, userId: 7, sentAt: new Date(), body: 'text' };
    const target = (seq: number) => ({ targetEpoch: EPOCH, targetSeq: seq });
    await db.roomChange.createMany({
      data: [
        { ...change, ...target(1), seq: 3, kind: 'edited' },
        { ...change, ...target(2), seq: 4, kind: 'edited' },
        { ...change, ...target(1), seq: 5, kind: 'appended' },
        { ...change, seq: 6, kind: 'member-added' },
      ],
    });
    await remove(7);
    const rest = await db.roomChange.findMany({ select: { seq: true }, orderBy: { seq: 'asc' } });
    expect(rest.map(({ seq }) => Number(seq))).to.deep.equal([4, 6]);
    const erased = settled.flatMap((each) => each.erased ?? []).sort((a, b) => a.seq - b.seq);
    expect(erased).to.deep.equal([3, 5].map((seq) => ({ epoch: EPOCH, seq })));
  });

  it('keeps the edits when the recent history cannot be reached', async () => {
    await room(1);
    await fill(1, [9]);
    const change = { roomId: 1, epoch: EPOCH, n: 1, userId: 7, sentAt: new Date(), body: 'text' };
    await db.roomChange.create({
      data: { ...change, seq: 2, kind: 'edited', targetEpoch: EPOCH, targetSeq: 1 },
    });
    const away = { settle: () => Promise.reject(new Error('away')) };
    const failing = new ExpiredEntries(db, away, { retentionDays: 7, keep: KEEP });
    const failure = await failing.remove(new Pace(0)).catch(String);
    expect(failure).to.equal('Error: away');
    expect(await db.roomChange.count()).to.equal(1);
    expect(await db.message.count()).to.equal(1);
  });

  it('removes many rows in steps, with several archivers at a time', async () => {
    await room(1);
    await db.$executeRaw`
      INSERT INTO messages (room_id, epoch, seq, message_id, user_id, username, content, sent_at)
      SELECT 1, ${EPOCH}::bigint, seq, seq, 7, 'ann', 'm', now() - interval '9 days' FROM generate_series(1, 4500) seq`;
    await db.$executeRaw`
      INSERT INTO reactions (room_id, epoch, seq, reaction, user_id)
      SELECT 1, ${EPOCH}::bigint, 1, 'like', id FROM generate_series(1, 2500) id`;
    await new MessageStore(db, 1_000, silentLog).save(
      [message(1, 4_501)].map((m) => ({ ...m, sentAt: Date.now() })),
      performance.now(),
    );
    const removed = await Promise.all([1, 2, 3].map(() => remove(7)));
    while ((await remove(7)) > 0);
    expect(await db.message.count()).to.equal(1);
    expect(await db.reaction.count()).to.equal(0);
    expect(removed.reduce((sum, count) => sum + count, 0)).to.be.at.most(7_000);
    expect(await headOf(1)).to.deep.equal({ seq: 4_501, removed: 4_500, removedN: 4_500, empty: false });
  });

  it('leaves a room to the transaction that stores in it', async () => {
    await room(1);
    await fill(1, [9]);
    await db.$transaction(async (tx) => {
      await tx.$executeRaw`SELECT 1 FROM room_heads WHERE room_id = 1 FOR UPDATE`;
      expect(await remove(7)).to.equal(0);
    });
    await remove(7);
    expect((await left(1))[0]).to.deep.equal([]);
  });

  it('removes messages of archivers that knew no heads', async () => {
    await room(1, 7);
    await room(2);
    await db.$executeRaw`
      INSERT INTO messages (room_id, epoch, seq, message_id, user_id, username, content, sent_at)
      SELECT room, ${EPOCH}::bigint, seq, seq, 7, 'ann', 'm', now() - (10 - seq) * interval '1 day'
      FROM generate_series(1, 2) room, generate_series(1, 5) seq`;
    const removal = new Removal(new DeletedRooms(db), entries(), silentLog, new Pace(0));
    await removal.run();
    expect((await left(1))[0]).to.deep.equal([4, 5]);
    expect((await left(2))[0]).to.deep.equal([1, 2, 3, 4, 5]);
    expect(await headOf(1)).to.deep.equal({ seq: 5, removed: 3, removedN: 3, empty: false });
    expect(removal.counts).to.deep.equal({ deleted: 0, expired: 3 });
  });
});
