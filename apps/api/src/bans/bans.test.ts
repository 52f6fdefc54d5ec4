import type { ControlEvent } from '@chorus/broker';
import { MemoryAccessList } from '@chorus/control';
import type { Database } from '@chorus/database';
import { UnavailableError } from '@chorus/redis';
import { silentLog } from '@chorus/testing';
import { expect } from 'chai';
import { openDatabase } from '../testing/api.js';
import { BanRepository, type NewBan } from './repository.js';
import { BanService } from './service.js';

const HOUR_MS = 3_600_000;

describe('BanService', function () {
  this.timeout(60_000);
  let db: Database;
  let access: MemoryAccessList;
  let events: ControlEvent[];
  let service: BanService;

  before(async () => {
    db = (await openDatabase()).db;
  });
  after(() => db.$disconnect());
  beforeEach(async () => {
    await db.$executeRaw`TRUNCATE rooms, bans RESTART IDENTITY CASCADE`;
    await db.room.create({ data: { id: 7, name: 'room' } });
    access = new MemoryAccessList();
    events = [];
    service = replica();
  });

  const directory = {
    announce: async (event: ControlEvent): Promise<void> => {
      events.push(event);
    },
  };
  const replica = (): BanService => new BanService(new BanRepository(db), access, directory, silentLog);
  const ban = (userId: number, roomId?: number, more: Partial<NewBan> = {}): NewBan => ({
    userId,
    roomId,
    until: undefined,
    reason: undefined,
    ...more,
  });
  const verdicts = (...subjects: Array<[userId: number, roomId?: number]>) =>
    access.check(subjects.map(([userId, roomId]) => ({ userId, roomId })));
  const failure = (call: Promise<unknown>): Promise<unknown> =>
    call.then(
      () => undefined,
      (error: unknown) => error,
    );

  it('bans from everything or from one room, and notifies the gateways on request', async () => {
    const until = new Date(Date.now() + HOUR_MS);
    const stored = await service.ban(ban(1, undefined, { until, reason: 'spam' }));
    expect(stored).to.include({ userId: 1, roomId: undefined, reason: 'spam' });
    expect(stored.until).to.deep.equal(until);
    await service.endSockets(stored);
    await service.endSockets(await service.ban(ban(2, 7)));
    expect(await verdicts([1], [2], [2, 7])).to.deep.equal(['banned', 'ok', 'banned-from-room']);
    expect(events).to.deep.equal([
      { type: 'user-banned', userId: 1, roomId: undefined },
      { type: 'user-banned', userId: 2, roomId: 7 },
    ]);
    expect((await service.list(0, 10)).map(({ userId, roomId }) => [userId, roomId])).to.deep.equal([
      [1, undefined],
      [2, 7],
    ]);
  });

  it('replaces a ban by the next one of the same user and room', async () => {
    await service.ban(ban(1, 7, { reason: 'spam' }));
    await service.ban(ban(1));
    await service.ban(ban(1, undefined, { until: new Date(Date.now() + HOUR_MS) }));
    await service.ban(ban(1, 7));
    const bans = await service.ofUser(1);
    expect(bans.map(({ roomId, reason }) => [roomId, reason])).to.deep.equal([
      [undefined, undefined],
      [7, undefined],
    ]);
    expect(bans[0]?.until).to.be.instanceOf(Date);
    expect(bans[1]?.until).to.equal(undefined);
  });

  it('refuses a ban from a room that does not exist', async () => {
    expect(await failure(service.ban(ban(1, 8)))).to.include({ status: 404 });
    expect(await verdicts([1, 8])).to.deep.equal(['ok']);
    expect(await service.list(0, 10)).to.deep.equal([]);
  });

  it('lifts exactly the requested ban', async () => {
    await service.ban(ban(1));
    await service.ban(ban(1, 7));
    await service.lift({ userId: 1, roomId: undefined });
    expect(await verdicts([1], [1, 7])).to.deep.equal(['ok', 'banned-from-room']);
    expect(await service.ofUser(1)).to.have.length(1);
    expect(await failure(service.lift({ userId: 1, roomId: undefined }))).to.include({ status: 404 });
    await service.lift({ userId: 1, roomId: 7 });
    expect(await verdicts([1, 7])).to.deep.equal(['ok']);
  });

  it('lists no bans that have ended', async () => {
    const until = new Date(Date.now() - 1);
    await service.ban(ban(1, undefined, { until }));
    expect(await service.list(0, 10)).to.deep.equal([]);
    expect(await service.ofUser(1)).to.deep.equal([]);
  });

  it('changes nothing when the access list cannot be reached', async () => {
    await service.ban(ban(2));
    const away = (): Promise<never> => Promise.reject(new UnavailableError('away'));
    access.ban = away;
    access.lift = away;
    expect(await failure(service.ban(ban(1)))).to.be.instanceOf(UnavailableError);
    expect(await failure(service.lift({ userId: 2, roomId: undefined }))).to.be.instanceOf(UnavailableError);
    expect((await service.list(0, 10)).map(({ userId }) => userId)).to.deep.equal([2]);
  });

  it('keeps access list and PostgreSQL equal when replicas change one ban concurrently', async () => {
    const replicas = [service, replica(), replica()];
    for (let round = 0; round < 5; round++) {
      await Promise.all(
        replicas.flatMap((each) => [
          each.ban(ban(1)),
          each.lift({ userId: 1, roomId: undefined }).catch(() => undefined),
          each.bringIn(),
        ]),
      );
      const banned = (await service.ofUser(1)).length > 0;
      expect(await verdicts([1])).to.deep.equal([banned ? 'banned' : 'ok']);
    }
  });

  describe('after a crash between the two, or a loss', () => {
    it('adds missing bans to the access list, ends the affected sockets, and removes surplus bans', async () => {
      await db.ban.create({ data: { userId: 1 } });
      await db.ban.create({ data: { userId: 2, roomId: 7 } });
      await access.ban({ userId: 3 });
      await service.bringIn();
      expect(await verdicts([1], [2, 7], [3])).to.deep.equal(['banned', 'banned-from-room', 'ok']);
      expect(events).to.deep.equal([
        { type: 'user-banned', userId: 1, roomId: undefined },
        { type: 'user-banned', userId: 2, roomId: 7 },
      ]);
    });

    it('sends no events when both agree', async () => {
      await service.ban(ban(1));
      events.length = 0;
      await service.bringIn();
      expect(events).to.deep.equal([]);
    });

    it('forgets bans that have ended', async () => {
      await db.ban.create({ data: { userId: 1, until: new Date(Date.now() - 1) } });
      await service.bringIn();
      expect(await db.ban.count()).to.equal(0);
    });
  });

  it('does not pass the bans of a deleted room on to the next room with its id', async () => {
    await service.ban(ban(1, 7));
    await service.withoutRoom(7, async () => {
      await db.room.delete({ where: { id: 7 } });
    });
    expect(await verdicts([1, 7])).to.deep.equal(['ok']);
  });

  it('deletes a room although its bans cannot be lifted at that moment', async () => {
    await service.ban(ban(1, 7));
    access.replaceBans = () => Promise.reject(new UnavailableError('away'));
    await service.withoutRoom(7, async () => {
      await db.room.delete({ where: { id: 7 } });
    });
    expect(await db.ban.count()).to.equal(0);
  });
});
