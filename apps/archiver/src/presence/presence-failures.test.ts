import { listenForEvents, recordedEvents } from '@chorus/database/testing';
import { createPrng, until } from '@chorus/testing';
import { expect } from 'chai';
import { cycles, LEASE_MS, PresenceFixture } from '../testing/presence.js';
import { PresenceLog } from './presence-log.js';
import { PresenceWork } from './presence-work.js';

describe('events of presence, when something fails,', function () {
  this.timeout(60_000);
  let presence: PresenceFixture;
  before(async () => {
    presence = await PresenceFixture.open();
  });
  after(() => presence.close());
  beforeEach(() => presence.reset());

  it('are recorded once when a reader dies after the commit, and when one that was delayed goes on', async () => {
    await presence.recording();
    await presence.join(1);
    await presence.leave(1);
    await presence.join(1);
    presence.journal.settle = async () => {
      throw new Error('killed');
    };
    let freed = (): void => {};
    const frozen = new Promise<void>((resolve) => {
      freed = resolve;
    });
    const delayed = new PresenceLog(presence.db, 'delayed', LEASE_MS);
    const record = delayed.record.bind(delayed);
    delayed.record = async (...args) => {
      await frozen;
      return record(...args);
    };
    await presence.endLease();
    const late = new PresenceWork(presence.journal, delayed).cycle();
    await until(async () => (await presence.db.presenceReader.findFirst())?.leasedBy === 'delayed');
    await presence.endLease();
    const failed = await presence
      .reader()
      .cycle()
      .catch((error: unknown) => String(error));
    expect(failed).to.contain('killed');
    freed();
    await late.catch(() => undefined);
    await presence.endLease();
    await presence
      .reader()
      .cycle()
      .catch(() => undefined);
    expect(await presence.events()).to.deep.equal([
      'presence.joined 1',
      'room.occupied 1',
      'presence.left 1',
      'room.vacated 1',
      'presence.joined 1',
      'room.occupied 1',
    ]);
  });

  it('wait while they cannot be stored', async () => {
    await listenForEvents(presence.db);
    let away = false;
    const log = new PresenceLog(presence.db, 'reader', LEASE_MS);
    const record = log.record.bind(log);
    log.record = async (...args) => {
      if (away) throw new Error('away');
      return record(...args);
    };
    const work = new PresenceWork(presence.journal, log);
    await cycles(work);
    away = true;
    await presence.join(1);
    await presence.leave(1);
    for (let n = 0; n < 3; n++) {
      const failure = await work.cycle().catch((error: unknown) => String(error));
      expect(failure).to.equal('ArchiveError: PostgreSQL: away');
      expect(work.oldestHeldAt).to.be.a('number');
    }
    away = false;
    await cycles(work);
    expect(work.oldestHeldAt).to.equal(undefined);
    expect(await presence.events()).to.have.length(4);
  });

  it('continue behind a full journal with what is different since, as inferred events', async () => {
    await presence.restart(4);
    const work = await presence.recording();
    for (const user of [1, 2, 3, 4]) await presence.join(user);
    await presence.join(5);
    await presence.leave(1);
    await presence.leave(2);
    await presence.join(2);
    await cycles(work);
    await until(async () => {
      await work.cycle();
      return (await presence.events()).length >= 7;
    });
    expect(await presence.events()).to.deep.equal([
      'presence.joined 1',
      'room.occupied 1',
      ...[2, 3, 4].map((user) => `presence.joined ${user}`),
      'presence.joined 5 inferred',
      'presence.left 1 inferred',
    ]);
    await presence.leave(2);
    await cycles(work);
    expect((await presence.events()).at(-1)).to.equal('presence.left 2');
  });

  it('infer who has left from data without them, when its nodes have had a lease to write their users', async () => {
    let work = await presence.recording();
    for (const user of [1, 2, 3]) await presence.join(user);
    await presence.join(1, 8);
    await cycles(work);
    await presence.restart();
    work = presence.reader();
    await presence.endLease();
    await cycles(work);
    await presence.join(2);
    await cycles(work);
    await presence.join(4);
    await until(async () => {
      await work.cycle();
      return (await presence.events(8)).length >= 4;
    });
    expect((await presence.events()).slice(4)).to.deep.equal([
      'presence.joined 4',
      'presence.left 1 inferred',
      'presence.left 3 inferred',
    ]);
    expect(await presence.events(8)).to.deep.equal([
      'presence.joined 1',
      'room.occupied 1',
      'presence.left 1 inferred',
      'room.vacated 1 inferred',
    ]);
  });

  it('alternate for every user and room, and end as it is, whatever is lost, full or read twice', async () => {
    await listenForEvents(presence.db);
    const prng = createPrng(16);
    const pick = (count: number): number => Math.floor(prng.next() * count);
    // Leases that end between two cycles: readers take turns, and overlap.
    let works = [presence.reader(1), presence.reader(1), presence.reader(1)];
    const work = (): Promise<unknown> =>
      Promise.all(works.map((each) => each.cycle().catch(() => undefined)));
    await work();
    for (let round = 0; round < 60; round++) {
      const reading = work();
      for (let n = 0; n < 20; n++) {
        const [user, room] = [1 + pick(8), 1 + pick(3)];
        await (prng.next() < 0.5 ? presence.join(user, room) : presence.leave(user, room));
      }
      await reading;
      if (prng.next() < 0.1) await presence.restart(30);
      if (prng.next() < 0.2) works = [presence.reader(1), presence.reader(1), presence.reader(1)];
    }
    const here = async (): Promise<string[]> => {
      const rooms = await Promise.all([1, 2, 3].map((room) => presence.store.members(room, 0, 100)));
      return rooms.flatMap((users, at) => users.map(({ id }) => `${at + 1}:${id}`)).sort();
    };
    await until(
      'the recorded users to be those who are present',
      async () => {
        await work();
        const rows = await presence.db.presentUser.findMany();
        const recorded = rows.map(({ roomId, userId }) => `${roomId}:${userId}`).sort();
        return JSON.stringify(recorded) === JSON.stringify(await here());
      },
      30_000,
    );
    const state = new Map<string, string>();
    const users = new Map<number | null, number>();
    for (const { type, roomId, userId } of await recordedEvents(presence.db)) {
      const [subject, verb = ''] = type.split('.');
      const key = subject === 'room' ? `${roomId}` : `${roomId}:${userId}`;
      expect(verb, key).not.to.equal(state.get(key));
      if (!state.has(key)) expect(verb).to.be.oneOf(['joined', 'occupied']);
      state.set(key, verb);
      if (subject === 'presence') {
        users.set(roomId, (users.get(roomId) ?? 0) + (verb === 'joined' ? 1 : -1));
      } else expect(users.get(roomId) ?? 0).to.equal(verb === 'occupied' ? 1 : 0);
    }
    const joined = [...state].filter(([, verb]) => verb === 'joined').map(([key]) => key);
    expect(joined.sort()).to.deep.equal(await here());
  });
});
