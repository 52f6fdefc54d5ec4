import type { MemoryRoomDirectory, MemoryRoomStore } from '@chorus/broker';
import { createDatabase, type Database } from '@chorus/database';
import { messageEncoder, openFrame } from '@chorus/protocol';
import { recordedLog, until } from '@chorus/testing';
import { expect } from 'chai';
import { openDatabase } from '../../testing/api.js';
import { MirrorFixture } from '../../testing/mirror.js';
import { RoomRepository } from '../repository.js';
import { RoomMirror } from './room-mirror.js';

describe('RoomMirror', function () {
  this.timeout(60_000);
  let db: Database;
  let fixture: MirrorFixture;
  let directory: MemoryRoomDirectory;
  let repository: RoomRepository;
  let rooms: MemoryRoomStore;
  let started: RoomMirror | undefined;

  before(async () => {
    db = (await openDatabase()).db;
  });
  beforeEach(async () => {
    fixture = await MirrorFixture.create(db);
    ({ directory, repository, rooms } = fixture);
  });
  afterEach(() => started?.close());
  after(() => db.$disconnect());

  describe('at the first start, and when Redis has lost its data', () => {
    it('restores all rooms, page by page, and then marks them complete', async () => {
      await fixture.fill(1_203);
      expect(await directory.isComplete()).to.equal(false);
      await fixture.mirror().run();
      for (const id of [1, 500, 501, 1_000, 1_001, 1_203]) expect(fixture.seqOf(id), String(id)).to.equal(0);
      expect(await directory.isComplete()).to.equal(true);
    });

    it('restores how many members rooms have, in rooms with and without messages', async () => {
      await fixture.fill(4);
      await db.$executeRaw`
        INSERT INTO room_members (room_id, user_id, role)
        SELECT room, id, 'member' FROM generate_series(2, 4) room, generate_series(1, 101) id
        WHERE id <= CASE room WHEN 2 THEN 100 ELSE 101 END`;
      await fixture.archive(4, 1, 1);
      await fixture.mirror().run();
      const sizes = [1, 2, 3, 4].map((id) => rooms.room(id)?.size);
      expect(sizes).to.deep.equal(['empty', 'small', 'large', 'large']);
    });

    it('restores the bans before it marks rooms complete, and checks once more at once', async () => {
      await fixture.mirror().run();
      expect(fixture.steps).to.deep.equal(['bans', 'complete', 'bans']);
    });

    it('is not complete when the bans cannot be restored', async () => {
      const away = { bringIn: () => Promise.reject(new Error('away')) };
      const failed = await new RoomMirror(repository, fixture.entries, directory, away, fixture.log)
        .run()
        .catch((error: unknown) => error);
      expect(String(failed)).to.equal('Error: away');
      expect(await directory.isComplete()).to.equal(false);
    });

    it('continues numbering after the last stored message', async () => {
      await fixture.fill(2);
      for (const [epoch, seq] of [
        [1, 1],
        [1, 2],
        [2, 1],
        [10, 3],
        [9, 7],
      ] as const) {
        await fixture.archive(1, epoch, seq);
      }
      await fixture.mirror().run();
      expect(fixture.seqOf(1)).to.equal(3);
      expect(fixture.seqOf(2)).to.equal(0);
    });

    it('restores messages that only the database has, unchanged, and continues in a new epoch', async () => {
      await fixture.fill(1);
      rooms.ensure(1, 0, (await repository.findFor(1, undefined))?.generation);
      const lost = Date.now() + 60_000;
      const sender = { id: 7, username: 'ann "a"' };
      const encode = messageEncoder(1, sender);
      const parts = Array.from({ length: 450 }, (_, n) => ({
        ...{ content: `naïve 🙂\n${n}`, id: `gateway-1-${n}`, sentAt: Date.now() },
        ...(n % 2 === 0 ? { clientMsgId: `tag-${n}` } : {}),
      }));
      await db.message.createMany({
        data: parts.map(({ content, id, sentAt, clientMsgId }, n) => ({
          ...{ roomId: 1, epoch: lost, seq: n + 1, messageId: id, userId: sender.id },
          ...{
            username: sender.username,
            content,
            sentAt: new Date(sentAt),
            clientMsgId: clientMsgId ?? null,
          },
        })),
      });
      await fixture.mirror().run();
      const history = rooms.between(
        1,
        { epoch: 0, seq: 0 },
        { epoch: Number.MAX_SAFE_INTEGER, seq: 0 },
        1_000,
      );
      expect(history.map(({ frame }) => Buffer.from(frame).toString())).to.deep.equal(
        parts.map((part, n) => openFrame({ epoch: lost, seq: n + 1 }) + encode(part)),
      );
      const at = rooms.room(1)?.at;
      expect(at?.seq).to.equal(450);
      expect(at?.epoch).to.be.above(lost);
      // They are in the database, with their names.
      expect(rooms.unstored.bytes).to.equal(0);
      expect(rooms.publish(1, '"a":1}', '7:tag-448')).to.deep.equal({
        epoch: lost,
        seq: 449,
        repeated: true,
      });
    });

    it('restores only the newest when too many are missing, and never leaves a hole', async () => {
      await fixture.fill(1);
      rooms.ensure(1, 0, (await repository.findFor(1, undefined))?.generation);
      rooms.publish(1, '"a":1}');
      const epoch = Date.now() + 60_000;
      const rows = Array.from({ length: 1_500 }, (_, n) => ({
        ...{ roomId: 1, epoch, seq: n + 2, messageId: `${n}`, userId: 1, username: 'ann', content: '' },
        sentAt: new Date(),
      }));
      const first = rooms.room(1)?.at ?? { epoch: 0, seq: 0 };
      await db.message.createMany({
        data: [{ ...rows[0], ...first, sentAt: new Date() } as (typeof rows)[0], ...rows],
      });
      await fixture.mirror().run();
      const history = rooms.between(
        1,
        { epoch: 0, seq: 0 },
        { epoch: Number.MAX_SAFE_INTEGER, seq: 0 },
        5_000,
      );
      expect(history.map(({ seq }) => seq)).to.deep.equal(Array.from({ length: 100 }, (_, n) => n + 1_402));
    });

    it('restores the idempotency keys of a room that Redis lacks', async () => {
      await fixture.fill(2);
      const epoch = Date.now() - 600_000;
      const rows = [1, 2].flatMap((roomId) =>
        [1, 2, 3].map((seq) => ({
          ...{ roomId, epoch, seq, messageId: `${seq}`, userId: 7, username: 'ann', content: '' },
          // The messages of the second room are old.
          ...{ sentAt: new Date(Date.now() - (roomId - 1) * 3_600_000), clientMsgId: `tag-${seq}` },
        })),
      );
      await db.message.createMany({ data: rows });
      await fixture.mirror().run();
      expect(rooms.publish(1, '"a":1}', '7:tag-3')).to.deep.equal({ epoch, seq: 3, repeated: true });
      expect(rooms.publish(2, '"a":1}', '7:tag-3')).to.include({ seq: 4 });
    });

    it('drops what is left of an earlier room with this id', async () => {
      await fixture.fill(1);
      await fixture.delete(1);
      const generation = await fixture.create(1);
      rooms.ensure(1, 7, 0);
      await fixture.mirror().run();
      expect(fixture.seqOf(1)).to.equal(0);
      expect(rooms.room(1)?.generation).to.equal(generation);
      expect(fixture.events).to.deep.equal([{ type: 'room-deleted', roomId: 1, generation: 0 }]);
    });

    it('begins above the epochs of the database, whatever its own clock shows', async () => {
      await fixture.fill(1);
      await fixture.archive(1, 9_000_000_000_000, 5);
      await fixture.mirror().run();
      expect(rooms.room(1)?.at.epoch).to.be.above(9_000_000_000_000);
      expect(fixture.seqOf(1)).to.equal(5);
    });

    it('does not restore a room that is deleted meanwhile', async () => {
      await fixture.fill(3);
      const bringIn = directory.bringIn.bind(directory);
      directory.bringIn = async (page, time) => {
        await fixture.delete(2);
        await directory.remove(2);
        return bringIn(page, time);
      };
      await fixture.mirror().run();
      expect([fixture.seqOf(1), fixture.seqOf(2), fixture.seqOf(3)]).to.deep.equal([0, undefined, 0]);
    });

    it('is not complete when it fails half-way, and continues at the next check', async () => {
      await fixture.fill(2);
      const bringIn = directory.bringIn.bind(directory);
      directory.bringIn = async ([first, ...others], time) => {
        if (first !== undefined) await bringIn([first], time);
        return others.length > 0 ? Promise.reject(new Error('away')) : [];
      };
      const failed = await fixture
        .mirror()
        .run()
        .catch((error: unknown) => error);
      expect(String(failed)).to.equal('Error: away');
      expect(await directory.isComplete()).to.equal(false);
      directory.bringIn = bringIn;
      await fixture.mirror().run();
      expect(fixture.seqOf(2)).to.equal(0);
      expect(await directory.isComplete()).to.equal(true);
    });

    it('leaves the work to the replica that holds the lock', async () => {
      await fixture.fill(1);
      await directory.exclusively('rooms-all', 1_000, async () => {
        await fixture.mirror().run();
      });
      expect(fixture.seqOf(1)).to.equal(undefined);
      expect(await directory.isComplete()).to.equal(false);
    });
  });

  it('finds lost rooms although the mirror is marked complete', async () => {
    await fixture.fill(1);
    const looking = fixture.mirror({ verifyEveryMs: 0 });
    await looking.run();
    rooms.remove(1);
    expect(await directory.isComplete()).to.equal(true);
    await looking.run();
    expect(fixture.seqOf(1)).to.equal(0);
    expect(fixture.steps).to.deep.equal(['bans', 'complete', 'bans', 'bans']);
  });

  it('checks repeatedly through outages, and writes one line for each', async () => {
    const { log, lines } = recordedLog('info');
    const messages = (): unknown[] => lines.map(({ msg }) => msg);
    let failures = 0;
    const isComplete = directory.isComplete.bind(directory);
    directory.isComplete = () => {
      failures++;
      return Promise.reject(new Error('away'));
    };
    started = fixture.mirror({ intervalMs: 1 }, log);
    started.start();
    await until(() => failures > 5);
    await fixture.fill(1);
    directory.isComplete = isComplete;
    await until(() => fixture.seqOf(1) === 0 && rooms.complete);
    await until(() => messages().includes('the mirror of rooms is checked again'));
    expect(messages().filter((line) => line === 'the mirror of rooms cannot be checked')).to.have.length(1);
  });

  it('stops when it is closed', async () => {
    started = fixture.mirror({ intervalMs: 1 });
    started.start();
    await started.close();
    let looks = 0;
    directory.isComplete = async () => {
      looks++;
      return true;
    };
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(looks).to.equal(0);
  });

  it('does not need PostgreSQL while there is nothing to do', async () => {
    const away = createDatabase('postgresql://chorus@127.0.0.1:1/chorus', { poolSize: 1, timeoutMs: 500 });
    await fixture.mirror().run();
    const looking = new RoomMirror(
      new RoomRepository(away),
      fixture.entries,
      directory,
      fixture.bans,
      fixture.log,
      {
        verifyEveryMs: 1_000_000,
      },
    );
    await looking.run().catch(() => {});
    await looking.run();
  });
});
