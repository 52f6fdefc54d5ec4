import type { Database } from '@chorus/database';
import { listenForEvents, recordedEvents } from '@chorus/database/testing';
import { MemoryPresenceStore, type PresenceJournal } from '@chorus/presence';
import { createPrng, ManualClock, until } from '@chorus/testing';
import { expect } from 'chai';
import { openDatabase } from '../testing/database.js';
import { PresenceLog } from './presence-log.js';
import { PresenceWork } from './presence-work.js';

const LEASE_MS = 10_000;
/** Lease of the nodes: comparing waits for it after a loss, in milliseconds. */
const NODE_LEASE_MS = 50;
const ROOM = 7;

describe('events of presence', function () {
  this.timeout(60_000);
  let db: Database;
  let store: MemoryPresenceStore;
  /** What readers are given: the journal of the present store, whose calls a test can change. */
  let journal: PresenceJournal;
  let readers: number;

  before(async () => {
    ({ db } = await openDatabase());
  });
  after(() => db.$disconnect());
  beforeEach(async () => {
    await db.$executeRaw`TRUNCATE events, event_outbox, webhooks, present_users, presence_journals CASCADE`;
    await db.$executeRaw`UPDATE presence_reader SET leased_until = NULL`;
    readers = 0;
    await restart();
  });

  /** The store is replaced by one without data, as after a restart of its process. */
  const restart = async (journalLimit = 1_000): Promise<void> => {
    store = new MemoryPresenceStore({ announce() {}, clock: new ManualClock(), journalLimit });
    ({ journal } = store);
    await store.renew('a', NODE_LEASE_MS);
    await store.renew('b', NODE_LEASE_MS);
  };
  const reader = (leaseMs = LEASE_MS): PresenceWork =>
    new PresenceWork(journal, new PresenceLog(db, `reader-${readers++}`, leaseMs));
  const join = (userId: number, roomId = ROOM, node = 'a') =>
    store.join(node, roomId, { id: userId, username: 'u' });
  const leave = (userId: number, roomId = ROOM, node = 'a') =>
    store.leave(node, roomId, { id: userId, username: 'u' });
  const cycles = async (work: PresenceWork, count = 3): Promise<void> => {
    for (let n = 0; n < count; n++) await work.cycle();
  };
  /** A reader that records, from now on. */
  const recording = async (): Promise<PresenceWork> => {
    await listenForEvents(db);
    const work = reader();
    await cycles(work);
    return work;
  };
  const events = async (roomId = ROOM): Promise<string[]> =>
    (await recordedEvents(db))
      .filter((event) => event.roomId === roomId)
      .map(({ type, userId, data }) => `${type} ${userId}${data?.inferred ? ' inferred' : ''}`);
  const present = async (): Promise<number> => db.presentUser.count();

  it('say who joined and left, and when a room is occupied and vacated, in the order in which it happened', async () => {
    const work = await recording();
    const from = Date.now();
    await join(1);
    await join(2);
    await join(1, ROOM, 'b');
    await leave(1);
    await leave(2);
    await leave(1, ROOM, 'b');
    await join(3, 8);
    await cycles(work);
    expect(await events()).to.deep.equal([
      'presence.joined 1',
      'room.occupied 1',
      'presence.joined 2',
      'presence.left 2',
      'presence.left 1',
      'room.vacated 1',
    ]);
    expect(await events(8)).to.deep.equal(['presence.joined 3', 'room.occupied 3']);
    for (const { data } of await recordedEvents(db)) {
      expect(Object.keys(data ?? {})).to.deep.equal(['at']);
      expect(data?.at).to.be.within(from, Date.now());
    }
  });

  it('are neither recorded nor collected while no program listens to presence', async () => {
    await db.webhook.create({
      data: { url: 'https://example.com', secret: 'x', position: 0, events: ['message.created'] },
    });
    const work = reader();
    await cycles(work);
    await join(1);
    await cycles(work);
    expect(await recordedEvents(db)).to.deep.equal([]);
    const { pages } = await journal.read(new Map([[0, '0-0']]), 10);
    expect(pages.map(({ recording: on, changes }) => [on, changes.length])).to.deep.equal([[false, 0]]);
  });

  it('begin without users who are present already, and record their departures', async () => {
    await join(1);
    await join(2);
    const work = await recording();
    expect(await present()).to.equal(2);
    await join(3);
    await leave(2);
    await leave(1);
    await leave(3);
    await cycles(work);
    expect(await events()).to.deep.equal([
      'presence.joined 3',
      'presence.left 2',
      'presence.left 1',
      'presence.left 3',
      'room.vacated 3',
    ]);
  });

  it('end with the last listener, and begin again with the next one', async () => {
    const work = await recording();
    await join(1);
    await cycles(work);
    await db.webhook.deleteMany();
    await cycles(work);
    expect(await present()).to.equal(0);
    await leave(1);
    await join(2);
    await listenForEvents(db);
    await cycles(work);
    await leave(2);
    await cycles(work);
    expect(await events()).to.deep.equal([
      'presence.joined 1',
      'room.occupied 1',
      'presence.left 2',
      'room.vacated 2',
    ]);
  });

  it('are recorded once when a reader dies behind the commit, and when one that was delayed goes on', async () => {
    await recording();
    await join(1);
    await leave(1);
    await join(1);
    journal.settle = async () => {
      throw new Error('killed');
    };
    let freed = (): void => {};
    const frozen = new Promise<void>((resolve) => {
      freed = resolve;
    });
    const delayed = new PresenceLog(db, 'delayed', LEASE_MS);
    const record = delayed.record.bind(delayed);
    delayed.record = async (...args) => {
      await frozen;
      return record(...args);
    };
    await db.$executeRaw`UPDATE presence_reader SET leased_until = NULL`;
    const late = new PresenceWork(journal, delayed).cycle();
    await until(async () => (await db.presenceReader.findFirst())?.leasedBy === 'delayed');
    await db.$executeRaw`UPDATE presence_reader SET leased_until = NULL`;
    const failed = await reader()
      .cycle()
      .catch((error: unknown) => String(error));
    expect(failed).to.contain('killed');
    freed();
    await late.catch(() => undefined);
    await db.$executeRaw`UPDATE presence_reader SET leased_until = NULL`;
    await reader()
      .cycle()
      .catch(() => undefined);
    expect(await events()).to.deep.equal([
      'presence.joined 1',
      'room.occupied 1',
      'presence.left 1',
      'room.vacated 1',
      'presence.joined 1',
      'room.occupied 1',
    ]);
  });

  it('wait while they cannot be stored', async () => {
    await listenForEvents(db);
    let away = false;
    const log = new PresenceLog(db, 'reader', LEASE_MS);
    const record = log.record.bind(log);
    log.record = async (...args) => {
      if (away) throw new Error('away');
      return record(...args);
    };
    const work = new PresenceWork(journal, log);
    await cycles(work);
    away = true;
    await join(1);
    await leave(1);
    for (let n = 0; n < 3; n++) {
      const failure = await work.cycle().catch((error: unknown) => String(error));
      expect(failure).to.equal('ArchiveError: PostgreSQL: away');
      expect(work.oldestHeldAt).to.be.a('number');
    }
    away = false;
    await cycles(work);
    expect(work.oldestHeldAt).to.equal(undefined);
    expect(await events()).to.have.length(4);
  });

  it('continue behind a full journal with what is different since, as inferred events', async () => {
    await restart(4);
    const work = await recording();
    for (const user of [1, 2, 3, 4]) await join(user);
    await join(5);
    await leave(1);
    await leave(2);
    await join(2);
    await cycles(work);
    await until(async () => {
      await work.cycle();
      return (await events()).length >= 7;
    });
    expect(await events()).to.deep.equal([
      'presence.joined 1',
      'room.occupied 1',
      ...[2, 3, 4].map((user) => `presence.joined ${user}`),
      'presence.joined 5 inferred',
      'presence.left 1 inferred',
    ]);
    await leave(2);
    await cycles(work);
    expect((await events()).at(-1)).to.equal('presence.left 2');
  });

  it('infer who has left from data without them, when its nodes have had a lease to write their users', async () => {
    let work = await recording();
    for (const user of [1, 2, 3]) await join(user);
    await join(1, 8);
    await cycles(work);
    await restart();
    work = reader();
    await db.$executeRaw`UPDATE presence_reader SET leased_until = NULL`;
    await cycles(work);
    await join(2);
    await cycles(work);
    await join(4);
    await until(async () => {
      await work.cycle();
      return (await events(8)).length >= 4;
    });
    expect((await events()).slice(4)).to.deep.equal([
      'presence.joined 4',
      'presence.left 1 inferred',
      'presence.left 3 inferred',
    ]);
    expect(await events(8)).to.deep.equal([
      'presence.joined 1',
      'room.occupied 1',
      'presence.left 1 inferred',
      'room.vacated 1 inferred',
    ]);
  });

  it('alternate for every user and room, and end as it is, whatever is lost, full or read twice', async () => {
    await listenForEvents(db);
    const prng = createPrng(16);
    const pick = (count: number): number => Math.floor(prng.next() * count);
    // Leases that end between two cycles: readers take turns, and overlap.
    let works = [reader(1), reader(1), reader(1)];
    const work = (): Promise<unknown> =>
      Promise.all(works.map((each) => each.cycle().catch(() => undefined)));
    await work();
    for (let round = 0; round < 60; round++) {
      const reading = work();
      for (let n = 0; n < 20; n++) {
        const [user, room] = [1 + pick(8), 1 + pick(3)];
        await (prng.next() < 0.5 ? join(user, room) : leave(user, room));
      }
      await reading;
      if (prng.next() < 0.1) await restart(30);
      if (prng.next() < 0.2) works = [reader(1), reader(1), reader(1)];
    }
    const here = async (): Promise<string[]> => {
      const rooms = await Promise.all([1, 2, 3].map((room) => store.members(room, 0, 100)));
      return rooms.flatMap((users, at) => users.map(({ id }) => `${at + 1}:${id}`)).sort();
    };
    await until(
      'the recorded users to be those who are present',
      async () => {
        await work();
        const rows = await db.presentUser.findMany();
        const recorded = rows.map(({ roomId, userId }) => `${roomId}:${userId}`).sort();
        return JSON.stringify(recorded) === JSON.stringify(await here());
      },
      30_000,
    );
    const state = new Map<string, string>();
    const users = new Map<number | null, number>();
    for (const { type, roomId, userId } of await recordedEvents(db)) {
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
