import { MemoryArchiveQueue, MemoryBroker, MemoryRoomDirectory, MemoryRoomStore } from '@chorus/broker';
import type { Database } from '@chorus/database';
import {
  type ChangeParts,
  encodeChange,
  fold,
  formatPosition,
  type Mention,
  messageEncoder,
  newMessage,
  type Position,
} from '@chorus/protocol';
import { createPrng, recordedLog } from '@chorus/testing';
import { expect } from 'chai';
import { ArchiveWork } from '../messages/archive-work.js';
import { MessageStore } from '../messages/message-store.js';
import { openDatabase } from '../testing/database.js';
import { type ArchiveEntry, readEntries } from './read-entries.js';
import { RoomRows } from './room-rows.js';

const ROOM = 5;
const EPOCH = 1_767_225_600_000;
const SENT_AT = EPOCH + 5;
const HISTORY = 1_000;
const READ_LONG_AGO = -60_000;

describe('changes in the database', function () {
  this.timeout(60_000);
  let db: Database;
  let store: MessageStore;
  const logged = recordedLog();

  before(async () => {
    ({ db } = await openDatabase());
    store = new MessageStore(db, 100, logged.log, undefined, HISTORY);
  });
  beforeEach(async () => {
    await db.$executeRaw`TRUNCATE rooms RESTART IDENTITY CASCADE`;
    await db.$executeRaw`INSERT INTO rooms (id, name, created_at) VALUES (${ROOM}, 'x', now() - interval '1 hour')`;
  });
  after(() => db.$disconnect());

  const at = (seq: number): Position => ({ epoch: EPOCH, seq });
  const user = (id: number) => ({ id, username: `user${id}` });
  const message = (
    content: string,
    more: { mentions?: Mention[]; replyTo?: Position; data?: object } = {},
  ): string => messageEncoder(ROOM, user(1))({ content, id: 'x', sentAt: SENT_AT, ...(more as object) });
  const change = (by: number, parts: Omit<ChangeParts, 'id' | 'sentAt'>): string =>
    encodeChange(ROOM, user(by), { ...parts, id: 'x', sentAt: SENT_AT } as ChangeParts);
  const edit = (seq: number, content: string, mentions?: Mention[]): string =>
    change(1, { change: 'edited', target: at(seq), content, mentions } as ChangeParts);
  const append = (seq: number, text: string): string =>
    change(1, { change: 'appended', target: at(seq), text } as ChangeParts);
  const react = (seq: number, by: number, reaction = '👍', set = true): string =>
    change(by, { change: set ? 'reacted' : 'unreacted', target: at(seq), reaction } as ChangeParts);
  const remove = (seq: number): string =>
    change(2, {
      change: 'deleted',
      target: at(seq),
      author: user(1),
      n: seq,
      originalSentAt: SENT_AT,
    } as ChangeParts);

  /** Entries of a room as an archiver reads them. */
  const entriesOf = (bodies: readonly string[]): ArchiveEntry[] => {
    let changes = 0;
    const messages = bodies.map((body, index) => {
      if (body.startsWith('"type":"c')) changes++;
      return { ...at(index + 1), body, ...(changes === 0 ? {} : { changes }) };
    });
    return readEntries({ roomId: ROOM, after: at(0), messages }, logged.log);
  };
  const save = async (entries: readonly ArchiveEntry[]): Promise<void> => {
    expect(await store.save(entries, READ_LONG_AGO)).to.deep.equal(new Map([[ROOM, 'stored']]));
  };
  /** Messages of the database, in order. */
  const stored = async () => {
    const all = await db.message.findMany({ select: { seq: true } });
    const messages = await new RoomRows(db, ROOM).messages(all.map(({ seq }) => at(Number(seq))));
    return messages.sort((a, b) => a.seq - b.seq);
  };
  /** What folding the entries one after the other gives. */
  const folded = (entries: readonly ArchiveEntry[]) => {
    const messages = new Map(
      entries.flatMap((entry) =>
        entry.type === 'message' ? [[formatPosition(entry), newMessage(entry)] as const] : [],
      ),
    );
    for (const entry of entries) {
      const frame = entry.type === 'message' ? entry : entry.frame;
      if (frame === undefined) continue;
      for (const [place, each] of messages) messages.set(place, fold(each, frame));
    }
    return [...messages.values()];
  };
  const head = () => db.roomHead.findUnique({ where: { roomId: ROOM } });

  it('keeps that a bot sent a message', async () => {
    const sender = { ...user(1), bot: true } as const;
    const body = messageEncoder(ROOM, sender)({ content: 'old', id: 'x', sentAt: SENT_AT });
    await save(entriesOf([body, edit(1, 'new')]));
    expect(await db.message.findFirst()).to.include({ content: 'new', bot: true });
  });

  it('are applied to messages, and logged', async () => {
    const entries = entriesOf([
      message('a', { mentions: [7, 'room'] }),
      react(1, 3),
      message('b', { replyTo: at(1), data: { sentAt: 1, text: '\0' } }),
      edit(1, 'A', [8]),
      append(3, '!'),
      react(1, 2),
      react(1, 3, '👍', false),
    ]);
    await save(entries);
    expect(await stored()).to.deep.equal(folded(entries));
    expect(await db.mention.findMany({ select: { userId: true, seq: true, n: true } })).to.deep.equal([
      { userId: 8n, seq: 1n, n: 1n },
    ]);
    expect(
      await db.roomChange.findMany({ select: { seq: true, n: true, kind: true }, orderBy: { seq: 'asc' } }),
    ).to.deep.equal([
      { seq: 2n, n: 1n, kind: 'reacted' },
      { seq: 4n, n: 2n, kind: 'edited' },
      { seq: 5n, n: 2n, kind: 'appended' },
      { seq: 6n, n: 2n, kind: 'reacted' },
      { seq: 7n, n: 2n, kind: 'unreacted' },
    ]);
    expect(await head()).to.deep.include({ epoch: BigInt(EPOCH), seq: 7n, n: 2n, sentAt: new Date(SENT_AT) });
  });

  it('leave the last position of a room behind when it has messages only', async () => {
    const entries = entriesOf([message('a'), message('b')]);
    await save(entries);
    await save(entries.slice(0, 1));
    expect(await head()).to.deep.include({ seq: 2n, n: 2n });
    expect(await stored()).to.deep.equal(folded(entries));
  });

  it('are applied once, however the batches overlap and are repeated', async () => {
    const random = createPrng(7);
    const pick = (count: number): number => Math.floor(random.next() * count);
    for (let round = 0; round < 15; round++) {
      await db.$executeRaw`TRUNCATE messages, room_changes, reactions, mentions, room_heads`;
      const kinds = [
        (seq: number) => edit(seq, `e${pick(100)}`),
        (seq: number) => append(seq, `+${pick(10)}`),
        (seq: number) => react(seq, 1 + pick(3), `r${pick(2)}`, random.next() < 0.6),
        (seq: number) => remove(seq),
      ];
      const bodies = Array.from({ length: 60 }, (_, index) => {
        if (index < 5 || random.next() < 0.2)
          return message(`m${index}`, random.next() < 0.5 ? {} : { replyTo: at(1 + pick(index || 1)) });
        const kind = kinds[random.next() < 0.05 ? 3 : pick(3)] ?? kinds[0];
        return kind?.(1 + pick(index)) ?? '';
      });
      const entries = entriesOf(bodies);
      for (let done = 0; done < entries.length; ) {
        const from = Math.max(0, done - pick(20));
        done += 1 + pick(15);
        await save(entries.slice(from, done));
        if (random.next() < 0.3) await save(entries.slice(pick(from + 1), done - pick(5)));
      }
      expect(await stored(), `round ${round}`).to.deep.equal(folded(entries));
      const reactions = (await stored()).flatMap((each) => each.reactions.flatMap(({ users }) => users));
      expect(await db.reaction.count()).to.equal(reactions.length);
      expect(await head()).to.deep.include({ seq: 60n });
      // As autovacuum does: later rounds, on an emptied table with statistics, read rows in the order of their last writes.
      await db.$executeRaw`ANALYZE messages`;
    }
  });

  it('that delete leave nothing of the text', async () => {
    const entries = entriesOf([
      message('secret a', { mentions: [7], data: { secret: 1 } }),
      message('b'),
      append(1, 'secret'),
      edit(1, 'secret e'),
      react(1, 3),
      remove(1),
      edit(1, 'secret late'),
    ]);
    await save(entries.slice(0, 5));
    await save(entries.slice(5));
    const [tombstone] = await stored();
    expect(tombstone).to.deep.include({ content: '', reactions: [], changed: at(6) });
    expect(tombstone?.deleted).to.deep.equal({ by: user(2), at: SENT_AT });
    const dump = await db.$queryRaw<Array<{ text: string }>>`
      SELECT to_jsonb(m)::text AS text FROM messages m UNION ALL SELECT to_jsonb(c)::text FROM room_changes c
      UNION ALL SELECT to_jsonb(r)::text FROM reactions r UNION ALL SELECT to_jsonb(t)::text FROM mentions t`;
    expect(dump.map(({ text }) => text).join()).not.to.contain('secret');
    expect(await db.mention.count()).to.equal(0);
    expect((await store.deletedText(ROOM, [at(1), at(2)])).map(({ seq }) => seq)).to.have.members([
      1, 3, 4, 7,
    ]);
  });

  it('leave the log when the recent history would not hold them, members and rooms excepted', async () => {
    const few = new MessageStore(db, 100, logged.log, undefined, 3);
    const added = change(1, { change: 'member-added', member: user(9) } as ChangeParts);
    const entries = entriesOf([
      message('a'),
      added,
      react(1, 2),
      react(1, 3),
      react(1, 4),
      react(1, 5),
      message('b'),
    ]);
    await few.save(entries, READ_LONG_AGO);
    const left = await db.roomChange.findMany({ orderBy: { seq: 'asc' }, select: { seq: true } });
    expect(left.map(({ seq }) => Number(seq))).to.deep.equal([2, 5, 6]);
  });

  it('that are not known keep their place', async () => {
    const entries = entriesOf([
      message('a'),
      '"type":"change","change":"later","roomId":5}',
      '"type":"c',
      message('b'),
    ]);
    await save(entries);
    expect((await db.roomChange.findMany({ orderBy: { seq: 'asc' } })).map(({ kind }) => kind)).to.deep.equal(
      ['later', 'unreadable'],
    );
    expect((await stored()).map(({ content, n }) => [content, n])).to.deep.equal([
      ['a', undefined],
      ['b', 2],
    ]);
  });

  it('are erased from the recent history, also when an archiver died just before', async () => {
    const rooms = new MemoryRoomStore();
    await new MemoryRoomDirectory(rooms).ensure(ROOM, 0);
    const broker = new MemoryBroker(rooms);
    const queue = new MemoryArchiveQueue(rooms);
    const keep = { size: 1_000, maxAgeMs: 0 };
    const work = () => new ArchiveWork(queue, store, logged.log, { batchMessages: 100, leaseMs: 0, keep });
    const first = await broker.publish(ROOM, message('secret'));
    const about = { target: { epoch: first.epoch, seq: 1 }, id: 'x', sentAt: SENT_AT };
    const by = user(1);
    await broker.publish(ROOM, encodeChange(ROOM, by, { change: 'appended', text: ' secret', ...about }));
    await work().cycle();
    await broker.publish(
      ROOM,
      encodeChange(ROOM, by, { change: 'deleted', author: by, n: 1, originalSentAt: SENT_AT, ...about }),
    );
    queue.settle = () => Promise.reject(new Error('killed'));
    expect(await work().cycle().catch(String)).to.contain('killed');
    Reflect.deleteProperty(queue, 'settle');
    await work().cycle();
    const history = await broker.between(
      ROOM,
      { epoch: 0, seq: 0 },
      { epoch: Number.MAX_SAFE_INTEGER, seq: 0 },
      100,
    );
    const kinds = history.map(({ frame }) => JSON.parse(Buffer.from(frame).toString()).change);
    expect(kinds).to.deep.equal(['erased', 'erased', 'deleted']);
    expect((await queue.backlog()).bytes).to.equal(0);
  });
});
