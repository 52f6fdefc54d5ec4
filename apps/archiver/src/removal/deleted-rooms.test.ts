import { createDatabase, type Database, isUniqueViolation } from '@chorus/database';
import { Pace } from '@chorus/service';
import { patiently, silentLog, until } from '@chorus/testing';
import { expect } from 'chai';
import { MessageStore } from '../messages/message-store.js';
import { EPOCH, message, openDatabase } from '../testing/database.js';
import { DeletedRooms } from './deleted-rooms.js';

/** More rows than a deletion removes at once. */
const MANY = 2_500;

/** Whether a statement waits for a lock. */
async function isBlocked(db: Pick<Database, '$queryRaw'>): Promise<boolean> {
  const rows = await db.$queryRaw<unknown[]>`SELECT 1 FROM pg_locks WHERE NOT granted AND pid IN (
    SELECT pid FROM pg_stat_activity WHERE datname = current_database())`;
  return rows.length > 0;
}

describe('deletion of a room', () => {
  let db: Database;
  let url: string;
  before(async () => {
    ({ db, url } = await openDatabase());
  });
  after(() => db.$disconnect());
  beforeEach(async () => {
    await db.$executeRaw`TRUNCATE rooms, outbox CASCADE`;
    await db.room.create({ data: { id: 1, name: 'room', createdAt: new Date(0) } });
  });

  const remove = (): Promise<number> => new DeletedRooms(db).remove(new Pace(0));
  /** @returns whether the id was free */
  const add = (id: number, to = db): Promise<boolean> =>
    to.$executeRaw`INSERT INTO rooms (id, name) VALUES (${id}, 'another') ON CONFLICT DO NOTHING`.then(
      (count) => count === 1,
      (error: unknown) => {
        if (isUniqueViolation(error)) return false;
        throw error;
      },
    );
  const fill = async (rows: number): Promise<void> => {
    const at = { roomId: 1, epoch: EPOCH };
    await db.$executeRaw`
      INSERT INTO messages (room_id, epoch, seq, message_id, user_id, username, content, sent_at)
      SELECT 1, ${EPOCH}::bigint, seq, seq, 7, 'ann', 'm', now() FROM generate_series(1, ${rows}::int) seq`;
    await db.$executeRaw`
      INSERT INTO room_changes (room_id, epoch, seq, n, kind, user_id, sent_at)
      SELECT 1, ${EPOCH}::bigint, seq, 1, 'edited', 7, now() FROM generate_series(1, ${rows}::int) seq`;
    await db.$executeRaw`
      INSERT INTO reactions (room_id, epoch, seq, reaction, user_id)
      SELECT 1, ${EPOCH}::bigint, 1, 'like', id FROM generate_series(1, ${rows}::int) id`;
    await db.$executeRaw`
      INSERT INTO mentions (room_id, user_id, epoch, seq, n)
      SELECT 1, id, ${EPOCH}::bigint, 1, 1 FROM generate_series(1, ${rows}::int) id`;
    await db.roomHead.create({ data: { ...at, seq: rows, n: 1, sentAt: new Date() } });
    await db.report.create({ data: { ...at, seq: 1, reporterId: 7, reporterName: 'ann', reason: 'spam' } });
    await db.roomMember.create({ data: { roomId: 1, userId: 7, role: 'owner' } });
    await db.mute.create({ data: { roomId: 1, userId: 8, until: new Date() } });
    await db.ban.create({ data: { roomId: 1, userId: 9 } });
    await db.invite.create({ data: { roomId: 1, code: 'code', expiresAt: new Date(), maxUses: 1 } });
  };
  /** Number of rows about room 1, in each table that has rooms. */
  const rows = async (): Promise<Record<string, number>> => {
    const tables = await db.$queryRaw<Array<{ name: string }>>`
      SELECT table_name AS name FROM information_schema.columns
      WHERE table_schema = current_schema() AND column_name = 'room_id'
        -- These outlive the room.
        AND table_name NOT IN ('outbox', 'deleted_rooms', 'event_outbox', 'events', 'webhook_lanes', 'present_users', 'audit')`;
    const counts: Record<string, number> = {};
    for (const { name } of tables) {
      const [row] = await db.$queryRawUnsafe<Array<{ count: bigint }>>(
        `SELECT count(*) FROM ${name} WHERE room_id = 1`,
      );
      counts[name] = Number(row?.count);
    }
    return counts;
  };

  it('removes all rows of a small room at once', async () => {
    await fill(1);
    expect(Object.values(await rows())).to.not.include(0);
    await db.room.delete({ where: { id: 1 } });
    expect(new Set(Object.values(await rows()))).to.deep.equal(new Set([0]));
    expect(await db.deletedRoom.count()).to.equal(0);
    expect(await add(1)).to.equal(true);
  });

  it('leaves most rows of a large room to the archivers, and keeps its id until they are removed', async () => {
    await fill(MANY);
    await db.room.delete({ where: { id: 1 } });
    const left = await rows();
    expect(left).to.include({ messages: 500, room_changes: 500, reactions: 500, mentions: 500 });
    expect(left).to.include({ room_members: 0, room_heads: 0, reports: 0 });
    expect(await add(1)).to.equal(false);
    expect(await add(2)).to.equal(true);
    expect(await remove()).to.equal(2_000);
    expect(new Set(Object.values(await rows()))).to.deep.equal(new Set([0]));
    expect(await add(1)).to.equal(true);
  });

  it('is continued by any archiver', async () => {
    await fill(MANY);
    await db.room.delete({ where: { id: 1 } });
    const removed = await Promise.all([1, 2, 3].map(remove));
    await remove();
    expect(removed.reduce((sum, count) => sum + count, 0)).to.be.at.most(2_000);
    expect(new Set(Object.values(await rows()))).to.deep.equal(new Set([0]));
    expect(await db.deletedRoom.count()).to.equal(0);
  });

  it('stops between two steps', async () => {
    await fill(MANY);
    await db.room.delete({ where: { id: 1 } });
    const pace = new Pace(0);
    pace.stop();
    expect(await new DeletedRooms(db).remove(pace)).to.equal(0);
    expect(await db.deletedRoom.count()).to.equal(1);
  });

  it('waits for messages that are being stored, and removes them', async () => {
    const other = createDatabase(url, { poolSize: 2, timeoutMs: patiently(10_000) });
    try {
      let deleting: Promise<unknown> | undefined;
      await db.$transaction(async (tx) => {
        await new MessageStore(tx as Database, 100, silentLog).save([message(1, 1)], performance.now());
        deleting = other.room.delete({ where: { id: 1 } }).then(() => undefined);
        await until(() => isBlocked(tx));
      });
      await deleting;
      expect(await db.message.count()).to.equal(0);
    } finally {
      await other.$disconnect();
    }
  });

  it('makes a room that is created with its id meanwhile wait, and then refuses it', async () => {
    await fill(MANY);
    const other = createDatabase(url, { poolSize: 2, timeoutMs: patiently(10_000) });
    try {
      let adding: Promise<boolean> | undefined;
      await db.$transaction(async (tx) => {
        await tx.room.delete({ where: { id: 1 } });
        adding = add(1, other);
        await until(() => isBlocked(tx));
      });
      expect(await adding).to.equal(false);
    } finally {
      await other.$disconnect();
    }
  });

  it('is followed by no message of an archiver that had read some before', async () => {
    const readAt = performance.now();
    await db.room.delete({ where: { id: 1 } });
    const outcomes = await new MessageStore(db, 100, silentLog).save([message(1, 1)], readAt);
    expect(outcomes.get(1)).to.equal('gone');
    expect(await db.message.count()).to.equal(0);
  });

  it('empties the large tables when all rooms are truncated', async () => {
    await fill(MANY);
    await db.$executeRaw`TRUNCATE rooms CASCADE`;
    expect(new Set(Object.values(await rows()))).to.deep.equal(new Set([0]));
  });
});
