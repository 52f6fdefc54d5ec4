import { type ControlEvent, MemoryRoomDirectory, MemoryRooms } from '@chorus/broker';
import { createDatabase, type Database } from '@chorus/database';
import { messageEncoder, openFrame } from '@chorus/protocol';
import type { Logger } from '@chorus/service';
import { expect } from 'chai';
import { pino } from 'pino';
import { MessageRepository } from '../messages/repository.js';
import { openDatabase, until } from '../testing/api.js';
import { RoomMirror, type RoomMirrorOptions } from './mirror.js';
import { RoomRepository } from './repository.js';

const SETTLE_AFTER_MS = 5_000;

describe('RoomMirror', function () {
  this.timeout(60_000);
  let db: Database;
  let repository: RoomRepository;
  let messages: MessageRepository;
  let now: number;
  let rooms: MemoryRooms;
  let directory: MemoryRoomDirectory;
  let events: ControlEvent[];
  /** What the mirror did, in order. */
  let steps: string[];
  let started: RoomMirror | undefined;
  const silent: Logger = pino({ level: 'silent' });

  before(async () => {
    db = (await openDatabase()).db;
    repository = new RoomRepository(db);
    messages = new MessageRepository(db);
  });
  beforeEach(async () => {
    await db.$executeRaw`TRUNCATE rooms RESTART IDENTITY CASCADE`;
    now = 1_000_000;
    rooms = new MemoryRooms();
    directory = new MemoryRoomDirectory(rooms, () => now);
    events = [];
    rooms.attach({
      onMessage() {},
      onNotice() {},
      onStored() {},
      onResumed() {},
      onControl: (event) => events.push(event),
    });
  });
  beforeEach(() => {
    steps = [];
    const markComplete = directory.markComplete.bind(directory);
    directory.markComplete = () => {
      steps.push('complete');
      return markComplete();
    };
  });
  afterEach(() => started?.close());
  after(() => db.$disconnect());

  const bans = {
    bringIn: async (): Promise<void> => {
      steps.push('bans');
    },
  };
  const mirror = (options: Partial<RoomMirrorOptions> = {}, log = silent): RoomMirror =>
    new RoomMirror(repository, messages, directory, bans, log, {
      settleAfterMs: SETTLE_AFTER_MS,
      ...options,
    });
  const seqOf = (id: number): number | undefined => rooms.room(id)?.at.seq;
  const fill = (count: number) =>
    db.$executeRaw`INSERT INTO rooms (id, name) SELECT id, 'room' FROM generate_series(1, ${count}::int) id`;
  const archive = (roomId: number, epoch: number, seq: number) =>
    db.message.create({
      data: {
        roomId,
        epoch,
        seq,
        messageId: `${seq}`,
        userId: 1,
        username: 'ann',
        content: '',
        sentAt: new Date(),
      },
    });
  const pendingCount = async (): Promise<number> => (await directory.pending(0, 100)).length;

  describe('at the first start, and when Redis has lost its data', () => {
    it('brings in all rooms, page by page, and then says that they are complete', async () => {
      await fill(1_203);
      expect(await directory.isComplete()).to.equal(false);
      await mirror().run();
      for (const id of [1, 500, 501, 1_000, 1_001, 1_203]) expect(seqOf(id), String(id)).to.equal(0);
      expect(await directory.isComplete()).to.equal(true);
    });

    it('brings the bans before it says so, and looks once more at once', async () => {
      await mirror().run();
      expect(steps).to.deep.equal(['bans', 'complete', 'bans']);
    });

    it('is not complete when the bans cannot be brought', async () => {
      const away = { bringIn: () => Promise.reject(new Error('away')) };
      const failed = await new RoomMirror(repository, messages, directory, away, silent)
        .run()
        .catch((error: unknown) => error);
      expect(String(failed)).to.equal('Error: away');
      expect(await directory.isComplete()).to.equal(false);
    });

    it('lets numbering go on after the last stored message', async () => {
      await fill(2);
      for (const [epoch, seq] of [
        [1, 1],
        [1, 2],
        [2, 1],
        [10, 3],
        [9, 7],
      ] as const) {
        await archive(1, epoch, seq);
      }
      await mirror().run();
      expect(seqOf(1)).to.equal(3);
      expect(seqOf(2)).to.equal(0);
    });

    it('brings back what only the database has, as it was, and goes on in a new epoch', async () => {
      await fill(1);
      rooms.ensure(1, 0, (await repository.find(1))?.generation);
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
      await mirror().run();
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
      // They are in the database, and known by their names.
      expect(rooms.unstored.bytes).to.equal(0);
      expect(rooms.publish(1, '"a":1}', '7:tag-448')).to.deep.equal({
        epoch: lost,
        seq: 449,
        repeated: true,
      });
    });

    it('brings back only the newest when too many are missing, and never a hole', async () => {
      await fill(1);
      rooms.ensure(1, 0, (await repository.find(1))?.generation);
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
      await mirror().run();
      const history = rooms.between(
        1,
        { epoch: 0, seq: 0 },
        { epoch: Number.MAX_SAFE_INTEGER, seq: 0 },
        5_000,
      );
      expect(history.map(({ seq }) => seq)).to.deep.equal(Array.from({ length: 100 }, (_, n) => n + 1_402));
    });

    it('brings back what may be sent again, of a room that is not known', async () => {
      await fill(2);
      const epoch = Date.now() - 600_000;
      const rows = [1, 2].flatMap((roomId) =>
        [1, 2, 3].map((seq) => ({
          ...{ roomId, epoch, seq, messageId: `${seq}`, userId: 7, username: 'ann', content: '' },
          // Those of the second room are old.
          ...{ sentAt: new Date(Date.now() - (roomId - 1) * 3_600_000), clientMsgId: `tag-${seq}` },
        })),
      );
      await db.message.createMany({ data: rows });
      await mirror().run();
      expect(rooms.publish(1, '"a":1}', '7:tag-3')).to.deep.equal({ epoch, seq: 3, repeated: true });
      expect(rooms.publish(2, '"a":1}', '7:tag-3')).to.include({ seq: 4 });
    });

    it('drops what is left of an earlier room of that id', async () => {
      await fill(1);
      await repository.delete(1, null);
      const room = await repository.create(1, 'again', null);
      rooms.ensure(1, 7, 0);
      await mirror().run();
      expect(seqOf(1)).to.equal(0);
      expect(rooms.room(1)?.generation).to.equal(room?.generation);
      expect(events).to.deep.equal([{ type: 'room-deleted', roomId: 1, generation: 0 }]);
    });

    it('begins above the epochs of the database, whatever its own clock says', async () => {
      await fill(1);
      await archive(1, 9_000_000_000_000, 5);
      await mirror().run();
      expect(rooms.room(1)?.at.epoch).to.be.above(9_000_000_000_000);
      expect(seqOf(1)).to.equal(5);
    });

    it('does not bring back a room that is deleted meanwhile', async () => {
      await fill(3);
      const bringIn = directory.bringIn.bind(directory);
      directory.bringIn = async (page, time) => {
        await repository.delete(2, null);
        await directory.remove(2);
        return bringIn(page, time);
      };
      await mirror().run();
      expect([seqOf(1), seqOf(2), seqOf(3)]).to.deep.equal([0, undefined, 0]);
    });

    it('is not complete when it fails half-way, and goes on at the next look', async () => {
      await fill(2);
      const bringIn = directory.bringIn.bind(directory);
      directory.bringIn = async ([first, ...others], time) => {
        if (first !== undefined) await bringIn([first], time);
        return others.length > 0 ? Promise.reject(new Error('away')) : [];
      };
      const failed = await mirror()
        .run()
        .catch((error: unknown) => error);
      expect(String(failed)).to.equal('Error: away');
      expect(await directory.isComplete()).to.equal(false);
      directory.bringIn = bringIn;
      await mirror().run();
      expect(seqOf(2)).to.equal(0);
      expect(await directory.isComplete()).to.equal(true);
    });

    it('leaves the work to whoever is at it', async () => {
      await fill(1);
      await directory.exclusively('rooms-all', 1_000, async () => {
        await mirror().run();
      });
      expect(seqOf(1)).to.equal(undefined);
      expect(await directory.isComplete()).to.equal(false);
    });
  });

  it('finds rooms that were lost although nothing said so', async () => {
    await fill(1);
    const looking = mirror({ verifyEveryMs: 0 });
    await looking.run();
    rooms.remove(1);
    expect(await directory.isComplete()).to.equal(true);
    await looking.run();
    expect(seqOf(1)).to.equal(0);
    expect(steps).to.deep.equal(['bans', 'complete', 'bans', 'bans']);
  });

  describe('for changes that were left half done', () => {
    let looking: RoomMirror;
    beforeEach(async () => {
      await directory.markComplete();
      looking = mirror();
      // The pass over all rooms that comes first would hide what is done for a single one.
      await looking.run();
    });

    it('brings in a room that PostgreSQL has', async () => {
      await directory.begin([5]);
      await repository.create(5, 'room', null);
      await archive(5, 1, 12);
      now += SETTLE_AFTER_MS;
      await looking.run();
      expect(seqOf(5)).to.equal(12);
      expect(await pendingCount()).to.equal(0);
    });

    it('removes a room that PostgreSQL no longer has, and tells the gateways', async () => {
      await directory.begin([5]);
      await directory.ensure(5, 0);
      now += SETTLE_AFTER_MS;
      await looking.run();
      expect(seqOf(5)).to.equal(undefined);
      await until(() => events.length > 0);
      expect(events).to.deep.equal([{ type: 'room-deleted', roomId: 5 }]);
      expect(await pendingCount()).to.equal(0);
    });

    it('leaves alone what was finished', async () => {
      await directory.begin([5]);
      await repository.create(5, 'room', null);
      await directory.ensure(5, 0);
      now += SETTLE_AFTER_MS;
      await looking.run();
      expect(seqOf(5)).to.equal(0);
      await new Promise(setImmediate);
      expect(events).to.deep.equal([]);
    });

    it('leaves young changes to the requests that make them', async () => {
      await directory.begin([5]);
      await directory.ensure(5, 0);
      now += SETTLE_AFTER_MS - 1;
      await looking.run();
      expect(seqOf(5)).to.equal(0);
      expect(await pendingCount()).to.equal(1);
    });

    it('does not lose a room that is created while it looks', async () => {
      await directory.begin([5]);
      now += SETTLE_AFTER_MS;
      const remove = directory.remove.bind(directory);
      directory.remove = async (id) => {
        directory.remove = remove;
        await directory.begin([id]);
        await repository.create(id, 'room', null);
        await directory.ensure(id, 0);
        await remove(id);
      };
      await looking.run();
      expect(seqOf(5)).to.equal(0);
      expect(await pendingCount()).to.equal(1);
    });

    it('does not bring back a room that is deleted while it looks', async () => {
      await directory.begin([5]);
      await repository.create(5, 'room', null);
      now += SETTLE_AFTER_MS;
      const bringIn = directory.bringIn.bind(directory);
      directory.bringIn = async (page, time) => {
        const [id = 0] = page.map((each) => each.id);
        if (page.length > 0) await directory.begin([id]);
        await repository.delete(id, null);
        await directory.remove(id);
        return bringIn(page, time);
      };
      await looking.run();
      expect(seqOf(5)).to.equal(undefined);
    });
  });

  it('looks again and again, through outages, and writes one line for each', async () => {
    const lines: string[] = [];
    const log = pino({ level: 'info' }, { write: (line: string) => lines.push(JSON.parse(line).msg) });
    let failures = 0;
    const isComplete = directory.isComplete.bind(directory);
    directory.isComplete = () => {
      failures++;
      return Promise.reject(new Error('away'));
    };
    started = mirror({ intervalMs: 1 }, log);
    started.start();
    await until(() => failures > 5);
    await fill(1);
    directory.isComplete = isComplete;
    await until(() => seqOf(1) === 0 && rooms.complete);
    await until(() => lines.includes('the mirror of rooms is looked after again'));
    expect(lines.filter((line) => line === 'the mirror of rooms cannot be looked after')).to.have.length(1);
  });

  it('stops when it is closed', async () => {
    started = mirror({ intervalMs: 1 });
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
    await mirror().run();
    const looking = new RoomMirror(new RoomRepository(away), messages, directory, bans, silent, {
      verifyEveryMs: 1_000_000,
    });
    await looking.run().catch(() => {});
    await looking.run();
  });
});
