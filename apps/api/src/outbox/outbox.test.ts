import { setTimeout as sleep } from 'node:timers/promises';
import { type Broker, MemoryBroker, MemoryRoomDirectory, MemoryRoomStore } from '@chorus/broker';
import { MemoryMembershipList } from '@chorus/control';
import type { Database } from '@chorus/database';
import { UnavailableError } from '@chorus/redis';
import { expect } from 'chai';
import { pino } from 'pino';
import { RoomChanges } from '../members/room-changes.js';
import { openDatabase } from '../testing/api.js';
import { MembershipMirror } from './membership-mirror.js';
import { MembershipPages } from './membership-pages.js';
import { Outbox } from './outbox.js';

const ANN = { id: 1, username: 'ann' };
const ROOM = 7;
const log = pino({ level: 'silent' });

describe('the outbox', function () {
  this.timeout(60_000);
  let db: Database;
  let rooms: MemoryRoomStore;
  let list: MemoryMembershipList;
  let changes: RoomChanges;
  /** Fails as Redis does. */
  let away = false;
  /** Called before each publish. */
  let beforePublish: () => Promise<void>;
  let published: string[];

  before(async () => {
    db = (await openDatabase()).db;
  });
  after(() => db.$disconnect());
  beforeEach(async () => {
    await db.$executeRaw`TRUNCATE rooms, outbox RESTART IDENTITY CASCADE`;
    rooms = new MemoryRoomStore();
    rooms.ensure(ROOM, 0);
    list = new MemoryMembershipList();
    changes = new RoomChanges(db);
    [away, beforePublish, published] = [false, async () => {}, []];
    await changes.create(ROOM, {
      ...{ name: 'room', kind: 'private', topic: '', createdBy: 1 },
      members: [[ANN.id, 'owner']],
    });
  });

  const publisherOf = (broker = new MemoryBroker(rooms)): Pick<Broker, 'publish'> => ({
    publish: async (roomId, body, key) => {
      await beforePublish();
      if (away) throw new UnavailableError('away');
      published.push(key ?? '');
      return broker.publish(roomId, body, key);
    },
  });
  const outboxOf = (memberships = list): Outbox =>
    new Outbox({ db, memberships, publisher: publisherOf(), directory: new MemoryRoomDirectory(rooms), log });
  /** The transaction of a change, without its delivery: as after a crash between the two. */
  const add = (userId: number): Promise<void> =>
    changes.inRoom(ROOM, async (room) => {
      await room?.putMember(userId, 'member');
      await room?.record(
        ANN,
        { change: 'member-added', member: { id: userId, username: `u${userId}` } },
        userId,
      );
    });
  const remove = (userId: number): Promise<void> =>
    changes.inRoom(ROOM, async (room) => {
      await room?.removeMember(userId);
      await room?.record(
        ANN,
        { change: 'member-removed', member: { id: userId, username: `u${userId}` } },
        userId,
      );
    });
  const entries = (): string[] =>
    (rooms.room(ROOM)?.from({ epoch: 0, seq: 0 }, 10_000) ?? []).map(({ frame }) => {
      const { change, member } = JSON.parse(Buffer.from(frame).toString());
      return `${change} ${member.id}`;
    });
  const waiting = (): Promise<number> => db.outboxEntry.count();

  it('delivers what a crash between commit and publish has left, in order', async () => {
    await add(2);
    await remove(2);
    await add(3);
    expect([await waiting(), entries()]).to.deep.equal([4, []]);
    const outbox = outboxOf();
    await outbox.sweep();
    expect(await waiting(), 'left to the requests').to.equal(4);
    await sleep(1_050);
    await outbox.sweep();
    expect(await waiting()).to.equal(0);
    expect(entries()).to.deep.equal(['member-added 2', 'member-removed 2', 'member-added 3']);
    const restoration = await list.beginRestoration();
    await restoration.complete();
    expect(list.of(2, ROOM).membership).to.deep.equal({ role: 'none' });
    expect(list.of(3, ROOM).membership).to.deep.equal({ role: 'member' });
    expect(list.of(ANN.id, ROOM).membership).to.deep.equal({ role: 'owner' });
  });

  it('records how many members a room has', async () => {
    const sizes: Array<string | undefined> = [rooms.room(ROOM)?.size];
    const deliver = async (): Promise<void> => {
      await outboxOf().deliver(ROOM);
      sizes.push(rooms.room(ROOM)?.size);
    };
    await deliver();
    for (let user = 2; user <= 100; user++) await add(user);
    await deliver();
    await add(101);
    await deliver();
    for (let user = 1; user <= 101; user++) await remove(user);
    await deliver();
    expect(sizes).to.deep.equal(['empty', 'small', 'small', 'large', 'empty']);
  });

  it('records the size of a room before the entry that adds its first member is published', async () => {
    await changes.inRoom(ROOM, async (room) => room?.removeMember(ANN.id));
    await add(2);
    const seen: Array<string | undefined> = [];
    beforePublish = async () => void seen.push(rooms.room(ROOM)?.size);
    await outboxOf().deliver(ROOM);
    expect(seen).to.deep.equal(['small']);
  });

  it('publishes nothing twice when a process ends between publish and commit', async () => {
    await add(2);
    const failing = outboxOf();
    let calls = 0;
    beforePublish = async () => {
      // The second entry fails, so that the transaction is taken back although the first was published.
      if (++calls === 2) throw new UnavailableError('killed');
    };
    await add(3);
    expect(await failing.deliver(ROOM).catch((error: unknown) => error)).to.be.instanceOf(UnavailableError);
    expect([await waiting(), entries()]).to.deep.equal([3, ['member-added 2']]);
    await outboxOf().deliver(ROOM);
    expect([await waiting(), entries()]).to.deep.equal([0, ['member-added 2', 'member-added 3']]);
  });

  it('keeps changes while Redis is away, and delivers them when it is back', async () => {
    away = true;
    const outbox = outboxOf();
    for (let user = 2; user < 130; user++) await add(user);
    expect(await outbox.deliver(ROOM).catch((error: unknown) => error)).to.be.instanceOf(UnavailableError);
    expect(await waiting()).to.equal(129);
    away = false;
    await outbox.deliver(ROOM);
    expect(await waiting()).to.equal(0);
    expect(entries()).to.deep.equal(Array.from({ length: 128 }, (_, at) => `member-added ${at + 2}`));
  });

  it('delivers each change once and in order, although several processes deliver at once', async () => {
    const outboxes = [outboxOf(), outboxOf(), outboxOf()];
    beforePublish = () => sleep(1);
    const made: string[] = [];
    for (let user = 2; user < 40; user++) {
      await add(user);
      made.push(`member-added ${user}`);
      if (user % 3 === 0) {
        await remove(user);
        made.push(`member-removed ${user}`);
      }
      if (user % 5 === 0) await Promise.all(outboxes.map((each) => each.deliver(ROOM)));
    }
    await Promise.all(outboxes.map((each) => each.deliver(ROOM)));
    expect(entries()).to.deep.equal(made);
    expect(published).to.have.length(made.length);
  });

  it('publishes nothing of a deleted room to the next one with its id', async () => {
    await add(2);
    await changes.inRoom(ROOM, async (room) => room?.delete());
    await changes.create(ROOM, {
      name: 'next',
      kind: 'private',
      topic: '',
      createdBy: 5,
      members: [[5, 'owner']],
    });
    await outboxOf().deliver(ROOM);
    expect(entries()).to.deep.equal([]);
    const restoration = await list.beginRestoration();
    await restoration.complete();
    expect([1, 2, 5].map((user) => list.of(user, ROOM).membership?.role)).to.deep.equal([
      'none',
      'none',
      'owner',
    ]);
  });

  it('drops the entry of a room that is gone', async () => {
    await add(2);
    await db.$executeRaw`DELETE FROM rooms`;
    rooms.remove(ROOM);
    rooms.complete = true;
    await outboxOf().deliver(ROOM);
    expect(await waiting()).to.equal(0);
  });

  describe('and the mirror of memberships', () => {
    const mirrorOf = (): MembershipMirror =>
      new MembershipMirror({
        ...{ memberships: list, pages: new MembershipPages(db), outbox: outboxOf(), log },
        directory: new MemoryRoomDirectory(rooms),
      });

    it('restores all memberships, mutes and slow modes', async () => {
      await db.$executeRaw`INSERT INTO rooms (id, name, kind, slow_mode_seconds)
        SELECT id, 'room', 'private', id % 3 FROM generate_series(100, 199) id`;
      // More than a page, in pieces that no busy machine takes too long for.
      for (let from = 1_000; from < 1_250; from += 25) {
        await db.$executeRaw`INSERT INTO room_members (room_id, user_id, role)
          SELECT room, member, 'member' FROM generate_series(100, 199) room,
            generate_series(${from}::int, ${from + 24}::int) member`;
      }
      await db.$executeRaw`INSERT INTO mutes VALUES (100, 1000, now() + interval '1 hour'), (101, 9, now() + interval '1 hour'),
        (102, 9, now() - interval '1 hour')`;
      const mirror = mirrorOf();
      await mirror.run();
      await mirror.close();
      expect((await list.ofUser(1_000)).size).to.equal(100);
      expect((await list.ofUser(1_249)).size).to.equal(100);
      expect(list.of(1_000, 100).membership?.mutedUntil).to.be.greaterThan(Date.now());
      expect([...(await list.ofUser(9)).keys()]).to.deep.equal([101]);
      expect([100, 101, 102].map((room) => list.of(1_000, room).slowModeSeconds)).to.deep.equal([1, 2, 0]);
      expect(list.of(ANN.id, ROOM).membership).to.deep.equal({ role: 'owner' });
    });

    it('loses no change that is made while it restores', async () => {
      const outbox = outboxOf();
      const mirror = mirrorOf();
      for (let user = 2; user < 30; user++) await add(user);
      await Promise.all([
        (async () => {
          for (let round = 0; round < 15; round++) await mirror.restore();
        })(),
        (async () => {
          for (let user = 2; user < 30; user++) {
            if (user % 2 === 0) await remove(user);
            else await add(user + 1_000);
            await outbox.deliver(ROOM);
          }
        })(),
      ]);
      await mirror.close();
      const members = await db.roomMember.findMany({ where: { roomId: ROOM } });
      const wanted = new Set(members.map(({ userId }) => Number(userId)));
      for (let user = 1; user < 1_030; user++) {
        const role = list.of(user, ROOM).membership?.role;
        expect(role !== 'none', `user ${user}`).to.equal(wanted.has(user));
      }
    });
  });
});
