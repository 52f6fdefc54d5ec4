import { type Database, PreparedStatements } from '@chorus/database';
import { patiently, recordedLog } from '@chorus/testing';
import { expect } from 'chai';
import { Client } from 'pg';
import { ANN, EPOCH, message, openDatabase, SENT_AT } from '../testing/database.js';
import { MessageStore } from './message-store.js';

/** A time of reading after everything in PostgreSQL. */
const now = (): number => performance.now();

for (const by of ['Prisma', 'prepared statements'])
  describe(`MessageStore, by ${by}`, function () {
    this.timeout(60_000);
    let db: Database;
    let url: string;
    let lines: Array<Record<string, unknown>>;
    let store: MessageStore;
    let prepared: PreparedStatements | undefined;

    before(async () => {
      ({ db, url } = await openDatabase());
      if (by !== 'Prisma')
        prepared = PreparedStatements.open(url, { poolSize: 1, timeoutMs: patiently(10_000) });
    });
    beforeEach(async () => {
      await db.$executeRaw`TRUNCATE rooms CASCADE`;
      // Created long before any message is read.
      await db.$executeRaw`
      INSERT INTO rooms (id, name, created_at) SELECT id, 'room', now() - interval '1 hour' FROM generate_series(1, 3) id`;
      const logged = recordedLog();
      lines = logged.lines;
      store = new MessageStore(db, 1_000, logged.log, prepared);
    });
    after(() => Promise.all([db.$disconnect(), prepared?.close()]));

    const contents = async (roomId: number): Promise<string[]> =>
      (await db.message.findMany({ where: { roomId }, orderBy: [{ epoch: 'asc' }, { seq: 'asc' }] })).map(
        (row) => row.content,
      );

    it('keeps every field of a message', async () => {
      const content = 'quotes " and \\ slashes, {braces}, NULL, 👋,\n\t\u2028 lines';
      const outcomes = await store.save(
        [{ ...message(1, 5, content), clientMsgId: 'c:1' }, message(1, 6), { ...message(2, 1), bot: true }],
        now(),
      );
      expect([...outcomes]).to.deep.equal([
        [1, 'stored'],
        [2, 'stored'],
      ]);
      expect(await db.message.findFirst({ where: { roomId: 2 } })).to.include({ bot: true });
      const rows = await db.message.findMany({ where: { roomId: 1 }, orderBy: { seq: 'asc' } });
      expect(rows[0]).to.deep.include({
        roomId: 1n,
        epoch: BigInt(EPOCH),
        seq: 5n,
        messageId: message(1, 5, content).id,
        userId: BigInt(ANN.id),
        username: ANN.username,
        content,
        sentAt: new Date(SENT_AT),
        clientMsgId: 'c:1',
      });
      expect(rows[1]).to.include({ seq: 6n, content: 'm6', clientMsgId: null, bot: null });
    });

    it('changes nothing when messages are stored again', async () => {
      await store.save([message(1, 1), message(1, 2)], now());
      const outcomes = await store.save([message(1, 2, 'other'), message(1, 3)], now());
      expect([...outcomes]).to.deep.equal([[1, 'stored']]);
      expect(await contents(1)).to.deep.equal(['m1', 'm2', 'm3']);
    });

    it('stores the other messages when a room is deleted', async () => {
      const outcomes = await store.save([message(1, 1), message(99, 1), message(2, 1)], now());
      expect([...outcomes]).to.have.deep.members([
        [1, 'stored'],
        [2, 'stored'],
        [99, 'gone'],
      ]);
      expect(await db.message.count()).to.equal(2);
    });

    it('neither waits for a deletion in progress nor fails because of it', async () => {
      const other = new Client({ connectionString: url });
      await other.connect();
      await other.query('BEGIN');
      await other.query('DELETE FROM rooms WHERE id = 2');
      const outcomes = await store.save([message(1, 1), message(2, 1), message(3, 1)], now());
      expect([...outcomes]).to.have.deep.members([
        [1, 'stored'],
        [2, 'later'],
        [3, 'stored'],
      ]);
      await other.query('COMMIT');
      await other.end();
      expect([...(await store.save([message(2, 1)], now()))]).to.deep.equal([[2, 'gone']]);
    });

    it('does not give messages of a deleted room to a new room with its id', async () => {
      const readAt = now();
      await db.room.delete({ where: { id: 1 } });
      await db.room.create({ data: { id: 1, name: 'new' } });
      expect([...(await store.save([message(1, 1)], readAt))]).to.deep.equal([[1, 'later']]);
      expect(await contents(1)).to.deep.equal([]);
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect([...(await store.save([message(1, 1, 'new')], now()))]).to.deep.equal([[1, 'stored']]);
    });

    it('stores around a message that PostgreSQL refuses, keeps its position, and reports it', async () => {
      const messages = Array.from({ length: 20 }, (_, index) => message(1 + (index % 2), index));
      const bad = { ...message(2, 7), content: 'secret\0' };
      const outcomes = await store.save([...messages.slice(0, 7), bad, ...messages.slice(8)], now());
      expect([...outcomes]).to.have.deep.members([
        [1, 'stored'],
        [2, 'stored'],
      ]);
      expect(await db.message.count()).to.equal(20);
      expect(await contents(2)).to.deep.equal([
        'm1',
        'm3',
        'm5',
        '',
        'm9',
        'm11',
        'm13',
        'm15',
        'm17',
        'm19',
      ]);
      expect(lines).to.have.length(1);
      expect(lines[0]).to.include({ level: 50, roomId: 2, epoch: EPOCH, seq: 7 });
      expect(JSON.stringify(lines)).to.not.include('secret');
    });

    it('lets several archivers store the same messages concurrently', async () => {
      const rooms = [1, 2, 3];
      const all = rooms.flatMap((room) => Array.from({ length: 200 }, (_, seq) => message(room, seq)));
      const others = all.toReversed();
      for (let round = 0; round < 5; round++) {
        await db.$executeRaw`DELETE FROM messages`;
        await Promise.all([all, others, all, others].map((messages) => store.save(messages, now())));
        expect(await db.message.count()).to.equal(600);
      }
    });

    it('locks the head of a room before it stores its messages, as the storage of changes does', async () => {
      await store.save([message(1, 1)], now());
      const other = new Client({ connectionString: url });
      await other.connect();
      await other.query('BEGIN');
      await other.query('SELECT 1 FROM room_heads WHERE room_id = 1 FOR UPDATE');
      const saving = store.save([message(1, 2)], now());
      const isWaiting = async (): Promise<boolean> => {
        const { rows } = await other.query('SELECT 1 FROM pg_locks WHERE NOT granted');
        return rows.length > 0;
      };
      while (!(await isWaiting()));
      // Had the message been stored first, each would wait for the other.
      await other.query(`INSERT INTO messages (room_id, epoch, seq, message_id, user_id, username, content, sent_at)
        VALUES (1, ${EPOCH}, 2, 'x', 7, 'ann', 'first', now())`);
      await other.query('COMMIT');
      await other.end();
      expect([...(await saving)]).to.deep.equal([[1, 'stored']]);
      expect(await contents(1)).to.deep.equal(['m1', 'first']);
    });

    it('stores more than one statement takes, older messages of a room first', async () => {
      const long = 'x'.repeat(500_000);
      const messages = Array.from({ length: 30 }, (_, seq) => message(1, seq, long));
      const seen: number[][] = [];
      const saving = store.save(messages, now());
      let done = false;
      void saving.finally(() => {
        done = true;
      });
      while (!done) {
        const rows = await db.message.findMany({ select: { seq: true }, orderBy: { seq: 'asc' } });
        seen.push(rows.map(({ seq }) => Number(seq)));
      }
      await saving;
      for (const seqs of seen) expect(seqs).to.deep.equal(seqs.map((_, index) => index));
      expect(
        seen.some(({ length }) => length > 0 && length < 30),
        'seen half-way',
      ).to.equal(true);
      expect(await db.message.count()).to.equal(30);
    });
  });
