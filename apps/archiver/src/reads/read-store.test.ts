import { MemoryReadPositions, MemoryRoomStore, type UserReadMark } from '@chorus/broker';
import type { Database } from '@chorus/database';
import { encodeChange, messageEncoder, type Position } from '@chorus/protocol';
import { recordedLog } from '@chorus/testing';
import { expect } from 'chai';
import { Client } from 'pg';
import { readEntries } from '../changes/read-entries.js';
import { MessageStore } from '../messages/message-store.js';
import { openDatabase } from '../testing/database.js';
import { ReadStore } from './read-store.js';
import { ReadWork } from './read-work.js';

const ANN = { id: 1, username: 'ann' };
const BOB = { id: 2, username: 'bob' };
const ROOM = 5;
const OTHER = 6;
const SENT_AT = 1_767_225_600_000;
const READ_LONG_AGO = -60_000;

describe('read positions in the database', function () {
  this.timeout(60_000);
  let db: Database;
  let url: string;
  let rooms: MemoryRoomStore;
  let reads: MemoryReadPositions;
  let store: ReadStore;
  const { log } = recordedLog();

  before(async () => {
    ({ db, url } = await openDatabase());
    store = new ReadStore(db);
  });
  beforeEach(async () => {
    await db.$executeRaw`TRUNCATE rooms RESTART IDENTITY CASCADE`;
    await db.$executeRaw`INSERT INTO rooms (id, name, kind, created_at)
      SELECT id, 'x', 'private', now() - interval '1 hour' FROM generate_series(5, 6) id`;
    await db.$executeRaw`INSERT INTO room_members (room_id, user_id, role)
      SELECT room, member, 'member' FROM generate_series(5, 6) room, generate_series(1, 2) member`;
    rooms = new MemoryRoomStore();
    rooms.complete = true;
    for (const room of [ROOM, OTHER]) rooms.ensure(room, 0, 1, 'private', 'small');
    reads = new MemoryReadPositions(rooms);
  });
  after(() => db.$disconnect());

  const send = (by = ANN, room = ROOM, mentions?: number[]): Position => {
    const body = messageEncoder(
      room,
      by,
    )({ content: 'x', id: 'x', sentAt: SENT_AT, ...(mentions && { mentions }) });
    return rooms.publish(room, body) ?? { epoch: 0, seq: 0 };
  };
  const change = (parts: object): Position =>
    rooms.publish(ROOM, encodeChange(ROOM, ANN, { ...parts, id: 'x', sentAt: SENT_AT } as never)) ?? {
      epoch: 0,
      seq: 0,
    };
  /** Stores the entries of the rooms, as an archiver does. */
  const archive = async (): Promise<void> => {
    const entries = rooms.claim(10, 1_000, 0).flatMap((backlog) => readEntries(backlog, log));
    await new MessageStore(db, 100, log).save(entries, READ_LONG_AGO);
    for (const { roomId, epoch, seq } of entries) {
      rooms.settle(roomId, { epoch, seq }, { size: 1_000, maxAgeMs: 0 });
    }
  };
  const position = async (user = ANN, room = ROOM): Promise<[seq: number, n: number]> => {
    const row = await db.roomMember.findUniqueOrThrow({
      where: { roomId_userId: { roomId: room, userId: user.id } },
    });
    return [Number(row.readSeq), Number(row.readN)];
  };
  const drain = () => store.store(reads, 1_000);
  const mark = (at: Position, unread = false, user = ANN, room = ROOM) =>
    reads.mark(room, user.id, at, unread);

  it('are stored once, for all users and rooms of a batch', async () => {
    const [first, second] = [send(BOB), send(BOB)];
    const other = send(BOB, OTHER);
    await mark(first);
    await mark(second, false, BOB);
    await mark(other, false, ANN, OTHER);
    expect(await drain()).to.equal(3);
    expect([await position(), await position(BOB), await position(ANN, OTHER)]).to.deep.equal([
      [1, 1],
      [2, 2],
      [1, 1],
    ]);
    expect(await drain()).to.equal(0);
  });

  it('move forwards only', async () => {
    const [first, second] = [send(BOB), send(BOB)];
    await mark(second);
    await drain();
    await mark(first);
    await drain();
    expect(await position()).to.deep.equal([2, 2]);
  });

  it('move backwards when messages are marked as unread, and forwards from there', async () => {
    const [first, second, third] = [send(BOB), send(BOB), send(BOB)];
    await mark(third);
    await drain();
    await mark(first, true);
    await drain();
    expect(await position()).to.deep.equal([1, 1]);
    await mark(third);
    await mark(first, true);
    await mark(second);
    await drain();
    expect(await position()).to.deep.equal([2, 2]);
  });

  it('are stored again without effect when an archiver dies before it settles them', async () => {
    const [first, second] = [send(BOB), send(BOB)];
    await mark(second);
    await mark(first, true);
    const dying = { unsettled: () => reads.unsettled(10), settle: () => Promise.reject(new Error('killed')) };
    expect(await store.store(dying, 10).catch(String)).to.contain('killed');
    expect(await position()).to.deep.equal([1, 1]);
    await mark(second);
    await drain();
    await drain();
    expect(await position()).to.deep.equal([2, 2]);
  });

  it('are kept when PostgreSQL cannot store them', async () => {
    await mark(send(BOB));
    const work = new ReadWork(reads, { store: () => Promise.reject(new Error('away')) });
    expect(await work.cycle().catch(String)).to.contain('PostgreSQL: away');
    expect(await work.isDone()).to.equal(false);
    expect(await new ReadWork(reads, store).cycle()).to.equal(false);
    expect(await position()).to.deep.equal([1, 1]);
    expect(await work.isDone()).to.equal(true);
  });

  it('are stored by one archiver at a time, so that a delayed one stores no old mark', async () => {
    const [first, second] = [send(BOB), send(BOB)];
    await mark(second);
    let release = (): void => {};
    const delay = new Promise<void>((resolve) => {
      release = resolve;
    });
    let reading = (): void => {};
    const isReading = new Promise<void>((resolve) => {
      reading = resolve;
    });
    const slow = {
      unsettled: async (limit: number): Promise<UserReadMark[]> => {
        const marks = await reads.unsettled(limit);
        reading();
        await delay;
        return marks;
      },
      settle: (marks: readonly UserReadMark[]) => reads.settle(marks),
    };
    const late = store.store(slow, 10);
    await isReading;
    await mark(first, true);
    expect(await drain(), 'the other archiver has the lock').to.equal(0);
    release();
    expect(await late).to.equal(1);
    await drain();
    expect(await position()).to.deep.equal([1, 1]);
  });

  it('wait for rooms that are being deleted, and end with them', async () => {
    const [here, there] = [send(BOB), send(BOB, OTHER)];
    await mark(here);
    await mark(there, false, ANN, OTHER);
    const other = new Client({ connectionString: url });
    await other.connect();
    await other.query('BEGIN');
    await other.query(`DELETE FROM rooms WHERE id = ${ROOM}`);
    expect(await drain()).to.equal(1);
    expect(await position(ANN, OTHER)).to.deep.equal([1, 1]);
    await other.query('COMMIT');
    await other.end();
    expect(await drain()).to.equal(1);
    expect(await reads.unsettled(10)).to.deep.equal([]);
  });

  it('wait for members whom another transaction changes', async () => {
    const at = send(BOB);
    await mark(at);
    await mark(at, false, BOB);
    const other = new Client({ connectionString: url });
    await other.connect();
    await other.query('BEGIN');
    await other.query(`UPDATE room_members SET role = 'moderator' WHERE user_id = ${BOB.id}`);
    expect(await drain()).to.equal(1);
    expect([await position(), await position(BOB)]).to.deep.equal([
      [1, 1],
      [0, 0],
    ]);
    await other.query('COMMIT');
    await other.end();
    expect(await drain()).to.equal(1);
    expect(await position(BOB)).to.deep.equal([1, 1]);
  });

  it('of users who are not members any more are dropped', async () => {
    await mark(send(BOB));
    await db.roomMember.deleteMany({ where: { userId: ANN.id } });
    expect(await drain()).to.equal(1);
    expect(await reads.unsettled(10)).to.deep.equal([]);
  });

  it('get the ordinal from the database when Redis does not know it', async () => {
    const positions = [send(BOB), send(BOB), send(BOB)];
    await archive();
    rooms.room(ROOM)?.trim({ size: 1, maxAgeMs: 0 }, 0);
    await mark(positions[1] ?? positions[0] ?? { epoch: 0, seq: 0 });
    expect((await reads.unsettled(1))[0]?.n).to.equal(undefined);
    await drain();
    expect(await position()).to.deep.equal([2, 2]);
  });

  describe('of senders', () => {
    it('are those of their last messages, whether or not the room has changes', async () => {
      send();
      send();
      send(BOB);
      await archive();
      expect([await position(), await position(BOB)]).to.deep.equal([
        [2, 2],
        [3, 3],
      ]);
      change({ change: 'room-changed', topic: 'x' });
      send(ANN, ROOM, [BOB.id]);
      await archive();
      expect([await position(), await position(BOB)]).to.deep.equal([
        [5, 4],
        [3, 3],
      ]);
    });

    it('stay when messages were marked as unread after they were sent', async () => {
      const first = send(BOB);
      send();
      await mark(first, true);
      await drain();
      await archive();
      expect(await position()).to.deep.equal([1, 1]);
      send();
      await archive();
      expect(await position()).to.deep.equal([3, 3]);
    });

    it('go on from messages that were sent after others were marked as unread', async () => {
      const first = send(BOB);
      await mark(first, true);
      send();
      await archive();
      await drain();
      expect(await position()).to.deep.equal([2, 2]);
    });

    it('begin for a new member with the entry that made the user one', async () => {
      send(BOB);
      send(BOB);
      change({ change: 'member-added', member: ANN });
      send(BOB);
      await archive();
      expect(await position()).to.deep.equal([3, 2]);
    });

    it('of an earlier membership do not come back', async () => {
      const first = send(BOB);
      send(BOB);
      await mark(first, true);
      await db.$executeRaw`DELETE FROM room_members WHERE user_id = ${ANN.id}`;
      await db.$executeRaw`INSERT INTO room_members (room_id, user_id, role) VALUES (${ROOM}, ${ANN.id}, 'member')`;
      change({ change: 'member-added', member: ANN });
      await archive();
      await drain();
      expect(await position()).to.deep.equal([3, 2]);
    });

    it('are stored together with read positions without a deadlock', async () => {
      await db.$executeRaw`INSERT INTO room_members (room_id, user_id, role)
        SELECT room, member, 'member' FROM generate_series(5, 6) room, generate_series(3, 60) member`;
      for (let round = 0; round < 10; round++) {
        for (let user = 60; user > 0; user--) {
          for (const room of user % 2 === 0 ? [ROOM, OTHER] : [OTHER, ROOM]) {
            const at = send({ id: user, username: 'x' }, room);
            await mark(at, false, { id: 61 - user, username: 'x' }, room);
          }
        }
        await Promise.all([archive(), drain(), archive(), drain()]);
      }
      await drain();
      const rows = await db.roomMember.findMany();
      for (const { readSeq } of rows) {
        expect(Number(readSeq)).to.be.greaterThan(9 * 60);
      }
    });
  });
});
