import type { PresenceFrame } from '@chorus/protocol';
import { createLogger } from '@chorus/service';
import { expect } from 'chai';
import { MemoryPresenceStore } from '../memory/presence-store.js';
import type { PresenceStore } from '../presence-store.js';
import { ManualClock, turn } from '../testing/manual-clock.js';
import { PresenceTracker, type PresenceTrackerOptions } from './presence-tracker.js';

const TTL_MS = 15_000;
const GRACE_MS = 2_000;
/** How long a leave waits that could not be sent when it was due. */
const LATE_MS = 5_000;
const ann = { id: 1, username: 'ann' };
const bob = { id: 2, username: 'bob' };
const log = createLogger({ service: 'test', level: 'silent' });

describe('PresenceTracker', () => {
  let clock: ManualClock;
  let store: MemoryPresenceStore;
  let announced: string[];
  /** Calls that reached the wire, in order. */
  let calls: string[];
  /** Set: calls fail, before or after having had their effect. */
  let failing: 'before' | 'after' | undefined;
  /** Set: joins and leaves wait for it. */
  let held: Promise<void> | undefined;
  let underWay: number;
  let mostUnderWay: number;
  const trackers: PresenceTracker[] = [];

  beforeEach(() => {
    clock = new ManualClock();
    announced = [];
    calls = [];
    failing = undefined;
    held = undefined;
    underWay = mostUnderWay = 0;
    store = new MemoryPresenceStore({
      clock,
      announce: (_roomId, json) => {
        const frame: PresenceFrame = JSON.parse(json);
        announced.push(`${frame.type} ${frame.userId}`);
      },
    });
  });

  afterEach(async () => {
    await Promise.all(trackers.splice(0).map((tracker) => tracker.close()));
  });

  /** The store as a tracker sees it over a wire that can fail. */
  function wire(): PresenceStore {
    const send = async <T>(name: string, run: () => Promise<T>): Promise<T> => {
      calls.push(name);
      if (failing === 'before') throw new Error('store is away');
      if (name.startsWith('join') || name.startsWith('leave')) {
        underWay++;
        mostUnderWay = Math.max(mostUnderWay, underWay);
        await held;
        underWay--;
      }
      const result = await run();
      if (failing === 'after') throw new Error('no answer');
      return result;
    };
    return {
      renew: (nodeId, ttlMs) => send('renew', () => store.renew(nodeId, ttlMs)),
      join: (nodeId, roomId, member, again) =>
        send(`join ${member.id}${again ? ' again' : ''}`, () => store.join(nodeId, roomId, member)),
      leave: (nodeId, roomId, member) =>
        send(`leave ${member.id}`, () => store.leave(nodeId, roomId, member)),
      release: (nodeId, graceMs) => send('release', () => store.release(nodeId, graceMs)),
      members: (roomId, after, limit) => store.members(roomId, after, limit),
      everyone: (after, limit) => store.everyone(after, limit),
      busiest: (limit) => store.busiest(limit),
      expired: () => send('expired', () => store.expired()),
      reap: (nodeId, by) => send(`reap ${nodeId}`, () => store.reap(nodeId, by)),
      close: () => store.close(),
    };
  }

  function create(nodeId = 'a', options: Partial<PresenceTrackerOptions> = {}): PresenceTracker {
    const tracker = new PresenceTracker({
      store: wire(),
      nodeId,
      log,
      clock,
      ttlMs: TTL_MS,
      graceMs: GRACE_MS,
      ...options,
    });
    trackers.push(tracker);
    return tracker;
  }

  async function started(
    nodeId = 'a',
    options: Partial<PresenceTrackerOptions> = {},
  ): Promise<PresenceTracker> {
    const tracker = create(nodeId, options);
    tracker.start();
    await clock.advance(0);
    return tracker;
  }

  /** Another node declares this one dead. */
  async function reap(nodeId: string): Promise<number> {
    await store.renew('reaper', TTL_MS * 100);
    return store.reap(nodeId, 'reaper');
  }

  const members = () => store.members(7, 0, 1000);
  const changes = () => calls.filter((call) => /join|leave/.test(call));

  describe('with local connections', () => {
    it('joins with the first and leaves a grace after the last', async () => {
      const tracker = await started();
      tracker.enter(7, ann);
      tracker.enter(7, ann);
      await tracker.settled();
      expect(await members()).to.deep.equal([ann]);
      tracker.exit(7, ann);
      await clock.advance(GRACE_MS * 2);
      expect(await members()).to.deep.equal([ann]);
      tracker.exit(7, ann);
      await clock.advance(GRACE_MS - 1);
      expect(await members()).to.deep.equal([ann]);
      expect(tracker.leaving).to.equal(1);
      await clock.advance(1);
      expect(await members()).to.deep.equal([]);
      expect(changes()).to.deep.equal(['join 1', 'leave 1']);
      expect(announced).to.deep.equal(['joined 1', 'left 1']);
      expect(tracker.localMembers).to.equal(0);
      expect(tracker.localRooms).to.equal(0);
    });

    it('does nothing for a user who comes back within the grace', async () => {
      const tracker = await started();
      tracker.enter(7, ann);
      tracker.exit(7, ann);
      await clock.advance(GRACE_MS - 1);
      tracker.enter(7, ann);
      await clock.advance(GRACE_MS * 2);
      expect(changes()).to.deep.equal(['join 1']);
      tracker.exit(7, ann);
      await clock.advance(GRACE_MS - 1);
      expect(changes()).to.deep.equal(['join 1']);
      await clock.advance(1);
      expect(changes()).to.deep.equal(['join 1', 'leave 1']);
    });

    it('gives everybody their own grace with a single timer', async () => {
      const tracker = await started();
      const idle = clock.timers;
      for (let id = 1; id <= 100; id++) tracker.enter(7, { id, username: `u${id}` });
      await tracker.settled();
      expect(clock.timers).to.equal(idle);
      for (let id = 1; id <= 100; id++) {
        tracker.exit(7, { id, username: `u${id}` });
        await clock.advance(10);
      }
      expect(clock.timers).to.equal(idle + 1);
      await clock.advance(GRACE_MS - 1_000 - 1);
      expect((await members()).length).to.equal(100);
      await clock.advance(501);
      expect((await members()).length).to.equal(49);
      await clock.advance(500);
      expect((await members()).length).to.equal(0);
      expect(clock.timers).to.equal(idle);
    });

    it('waits longer for users whom the node sent away, and no longer for the others', async () => {
      const tracker = await started('a', { releaseGraceMs: GRACE_MS * 3 });
      const idle = clock.timers;
      tracker.enter(7, ann);
      tracker.enter(7, bob);
      await tracker.settled();
      tracker.exit(7, ann, true);
      tracker.exit(7, bob);
      expect(clock.timers).to.equal(idle + 1);
      await clock.advance(GRACE_MS);
      expect(announced).to.deep.equal(['joined 1', 'joined 2', 'left 2']);
      expect(tracker.leaving).to.equal(1);
      await clock.advance(GRACE_MS * 2 - 1);
      expect(await members()).to.deep.equal([ann]);
      await clock.advance(1);
      expect(await members()).to.deep.equal([]);
      expect(clock.timers).to.equal(idle);
    });

    it('knows whoever it sent away as soon as they are back', async () => {
      const tracker = await started();
      tracker.enter(7, ann);
      tracker.exit(7, ann, true);
      await clock.advance(GRACE_MS * 2);
      tracker.enter(7, ann);
      await clock.advance(60_000);
      expect(announced).to.deep.equal(['joined 1']);
      tracker.exit(7, ann);
      await clock.advance(GRACE_MS);
      expect(announced).to.deep.equal(['joined 1', 'left 1']);
    });

    it('ignores an exit without an entry', async () => {
      const tracker = await started();
      tracker.exit(7, ann);
      tracker.enter(7, ann);
      tracker.exit(7, ann);
      tracker.exit(7, ann);
      tracker.enter(7, ann);
      tracker.enter(7, ann);
      tracker.exit(7, ann);
      await clock.advance(GRACE_MS * 2);
      expect(await members()).to.deep.equal([ann]);
    });

    it('forgets a room at once, for good', async () => {
      const tracker = await started();
      tracker.enter(7, ann);
      tracker.enter(7, bob);
      tracker.enter(8, ann);
      await tracker.settled();
      tracker.exit(7, bob);
      tracker.forgetRoom(7);
      await tracker.settled();
      tracker.exit(7, ann);
      await clock.advance(GRACE_MS);
      expect(await store.everyone(0, 10)).to.deep.equal([ann]);
      expect(await members()).to.deep.equal([]);
      expect(tracker.localRooms).to.equal(1);
      tracker.forgetRoom(9);
    });
  });

  describe('with calls under way', () => {
    it('makes one at a time per user and room, and in the end the store has what is wanted', async () => {
      const tracker = await started('a', { graceMs: 0 });
      let open = (): void => {};
      held = new Promise((resolve) => {
        open = resolve;
      });
      tracker.enter(7, ann);
      for (let times = 0; times < 5; times++) {
        tracker.exit(7, ann);
        await clock.advance(1);
        tracker.enter(7, ann);
        await clock.advance(1);
      }
      tracker.exit(7, ann);
      await clock.advance(1);
      expect(mostUnderWay).to.equal(1);
      open();
      await tracker.settled();
      expect(changes()).to.deep.equal(['join 1', 'leave 1']);
      expect(await members()).to.deep.equal([]);
      expect(tracker.localMembers).to.equal(0);
    });

    it('keeps a bounded number of them', async () => {
      const tracker = await started('a', { maxInFlight: 10 });
      let open = (): void => {};
      held = new Promise((resolve) => {
        open = resolve;
      });
      for (let id = 1; id <= 100; id++) tracker.enter(7, { id, username: `u${id}` });
      expect(underWay).to.equal(10);
      expect(tracker.unsettled).to.equal(100);
      open();
      await tracker.settled();
      expect(mostUnderWay).to.equal(10);
      expect((await members()).length).to.equal(100);
    });
  });

  describe('while the store is away', () => {
    it('keeps what is wanted, tries again with growing pauses, and catches up', async () => {
      const tracker = create();
      failing = 'before';
      tracker.start();
      for (let id = 1; id <= 50; id++) tracker.enter(7, { id, username: `u${id}` });
      await clock.advance(60_000);
      expect(changes()).to.deep.equal([]);
      expect(calls.length).to.be.within(50, 70);
      expect(tracker.connected).to.equal(false);
      for (let id = 1; id <= 20; id++) tracker.exit(7, { id, username: `u${id}` });
      await clock.advance(GRACE_MS);
      expect(tracker.unsettled).to.equal(30);
      failing = undefined;
      await clock.advance(1_000);
      await tracker.settled();
      expect((await members()).length).to.equal(30);
      expect(changes().length).to.equal(30);
      expect(tracker.connected).to.equal(true);
      calls.length = 0;
      await clock.advance(TTL_MS);
      expect(calls.filter((call) => call === 'renew').length).to.equal(3);

      // The next outage starts with short pauses again.
      failing = 'before';
      tracker.enter(7, ann);
      await turn();
      failing = undefined;
      await clock.advance(50);
      await tracker.settled();
      expect(await members()).to.deep.include(ann);
    });

    it('repeats calls without an answer until they have one, each change announced once', async () => {
      const tracker = await started();
      failing = 'after';
      tracker.enter(7, ann);
      await clock.advance(3_000);
      failing = undefined;
      await clock.advance(1_000);
      await tracker.settled();
      expect(await members()).to.deep.equal([ann]);
      // Later leaves do not wait any more.
      await clock.advance(LATE_MS);
      tracker.exit(7, ann);
      failing = 'after';
      await clock.advance(GRACE_MS + 3_000);
      tracker.enter(7, bob);
      failing = undefined;
      await clock.advance(LATE_MS + 1_000);
      await tracker.settled();
      expect(await members()).to.deep.equal([bob]);
      expect(announced).to.deep.equal(['joined 1', 'left 1', 'joined 2']);
      expect(tracker.localMembers).to.equal(1);
    });

    it('removes a user whose join may have happened', async () => {
      const tracker = await started();
      failing = 'after';
      tracker.enter(7, ann);
      await turn();
      tracker.exit(7, ann);
      await clock.advance(GRACE_MS + 1_000);
      expect(await members()).to.deep.equal([ann]);
      failing = undefined;
      await clock.advance(LATE_MS + 1_000);
      await tracker.settled();
      expect(await members()).to.deep.equal([]);
      expect(tracker.localMembers).to.equal(0);
    });

    it('does not take a user for announced whose leave may have happened', async () => {
      const tracker = await started();
      tracker.enter(7, ann);
      await tracker.settled();
      tracker.exit(7, ann);
      failing = 'after';
      await clock.advance(GRACE_MS);
      expect(changes()).to.deep.equal(['join 1', 'leave 1']);
      tracker.enter(7, ann);
      failing = undefined;
      await clock.advance(1_000);
      expect(changes()).to.deep.equal(['join 1', 'leave 1', 'join 1']);
      expect(announced).to.deep.equal(['joined 1', 'left 1', 'joined 1']);
    });

    it('announces nobody who changed nodes meanwhile, whichever node notices first that it is back', async () => {
      for (const [from, to] of [
        ['a', 'b'],
        ['c', 'd'],
      ] as const) {
        let brokenTo = false;
        const late = wire();
        const renew = late.renew;
        late.renew = (nodeId, ttlMs) => (brokenTo ? Promise.reject(new Error('away')) : renew(nodeId, ttlMs));
        const old = await started(from);
        const next = await started(to, { store: late });
        old.enter(7, ann);
        await old.settled();
        failing = 'before';
        brokenTo = true;
        next.enter(7, ann);
        old.exit(7, ann);
        await clock.advance(GRACE_MS * 5);
        failing = undefined;
        // The node that she left works again, the one that she went to does not know it yet.
        await clock.advance(1_000);
        expect(old.connected).to.equal(true);
        expect(next.connected).to.equal(false);
        brokenTo = false;
        await clock.advance(LATE_MS + 1_000);
        await Promise.all([old.settled(), next.settled()]);
        expect(announced).to.deep.equal(['joined 1']);
        expect(await members()).to.deep.equal([ann]);
        next.exit(7, ann);
        await clock.advance(GRACE_MS);
        expect(announced.splice(0)).to.deep.equal(['joined 1', 'left 1']);
      }
    });

    it('waits with a leave that failed, but not again with each call that fails', async () => {
      const broken = wire();
      const join = broken.join;
      broken.join = (nodeId, roomId, member, again) =>
        member.id === 2 ? Promise.reject(new Error('bug')) : join(nodeId, roomId, member, again);
      const tracker = await started('a', { store: broken });
      tracker.enter(7, ann);
      await tracker.settled();
      tracker.exit(7, ann);
      failing = 'before';
      await clock.advance(GRACE_MS);
      failing = undefined;
      tracker.enter(7, bob);
      await clock.advance(LATE_MS - 1);
      expect(announced).to.deep.equal(['joined 1']);
      await clock.advance(2_000);
      expect(announced).to.deep.equal(['joined 1', 'left 1']);
    });

    it('lets a user come back whose leave waits', async () => {
      const tracker = await started();
      tracker.enter(7, ann);
      await tracker.settled();
      tracker.exit(7, ann);
      failing = 'before';
      await clock.advance(GRACE_MS * 2);
      failing = undefined;
      await clock.advance(1_000);
      tracker.enter(7, ann);
      await clock.advance(LATE_MS * 2);
      await tracker.settled();
      expect(announced).to.deep.equal(['joined 1']);
      expect(await members()).to.deep.equal([ann]);
    });

    it('goes on with other users when one of them keeps failing', async () => {
      const broken = wire();
      const join = broken.join;
      broken.join = (nodeId, roomId, member, again) =>
        member.id === 1 ? Promise.reject(new Error('bug')) : join(nodeId, roomId, member, again);
      const tracker = await started('a', { store: broken });
      tracker.enter(7, ann);
      await turn();
      calls.length = 0;
      for (let id = 2; id <= 50; id++) tracker.enter(7, { id, username: `u${id}` });
      await clock.advance(5_000);
      expect((await members()).length).to.equal(49);
      expect(tracker.unsettled).to.equal(1);
      expect(calls.filter((call) => call === 'renew').length).to.be.within(5, 15);
    });
  });

  describe('when what it wrote is gone', () => {
    it('writes everything again, saying who was announced before', async () => {
      const tracker = await started();
      tracker.enter(7, ann);
      tracker.enter(8, bob);
      await tracker.settled();
      tracker.exit(8, bob);
      await clock.advance(TTL_MS / 3 - 1);
      // Reaped behind its back: its lease was cut short.
      await store.release('a', 0);
      expect(await reap('a')).to.equal(1);
      calls.length = 0;
      tracker.enter(7, bob);
      await clock.advance(1_000);
      await tracker.settled();
      expect(changes().slice(1)).to.have.members(['join 1 again', 'join 2']);
      expect(await members()).to.deep.equal([ann, bob]);
    });

    it('writes again what was under way meanwhile', async () => {
      const tracker = await started();
      tracker.enter(7, ann);
      await tracker.settled();
      let open = (): void => {};
      held = new Promise((resolve) => {
        open = resolve;
      });
      tracker.enter(7, bob);
      tracker.forgetRoom(8);
      await store.release('a', 0);
      await reap('a');
      await clock.advance(TTL_MS / 3);
      // The held join reaches the store after the node has registered anew.
      open();
      await tracker.settled();
      expect(changes().filter((call) => call.startsWith('join 2'))).to.deep.equal(['join 2', 'join 2 again']);
      expect(await members()).to.deep.equal([ann, bob]);
      tracker.exit(7, bob);
      await clock.advance(GRACE_MS);
      expect(await members()).to.deep.equal([ann]);
    });
  });

  describe('when its process stood still for longer than its lease', () => {
    it('does not bring users back who have gone meanwhile', async () => {
      const tracker = await started();
      tracker.enter(7, ann);
      tracker.enter(7, bob);
      await tracker.settled();
      clock.freeze(TTL_MS * 3);
      expect(await reap('a')).to.equal(2);
      const late = clock.advance(0);
      // The first thing that it learns is which connections have ended.
      tracker.exit(7, ann);
      await late;
      await clock.advance(1_000);
      await tracker.settled();
      expect(announced).to.deep.equal(['joined 1', 'joined 2', 'left 1', 'left 2', 'joined 2']);
      await clock.advance(TTL_MS);
      expect(announced.slice(5)).to.deep.equal([]);
      expect(await members()).to.deep.equal([bob]);
      expect(tracker.localMembers).to.equal(1);
      expect(tracker.leaving).to.equal(0);
    });

    it('brings those back who are there when they were within their grace', async () => {
      const tracker = await started();
      tracker.enter(7, ann);
      await tracker.settled();
      tracker.exit(7, ann);
      clock.freeze(TTL_MS * 3);
      expect(await reap('a')).to.equal(1);
      await clock.advance(0);
      tracker.enter(7, ann);
      await clock.advance(1_000);
      await tracker.settled();
      expect(announced).to.deep.equal(['joined 1', 'left 1', 'joined 1']);
      expect(await members()).to.deep.equal([ann]);
    });

    it('goes on as before when nobody has declared it dead', async () => {
      const tracker = await started();
      tracker.enter(7, ann);
      await tracker.settled();
      clock.freeze(TTL_MS * 3);
      tracker.exit(7, ann);
      await clock.advance(1_000);
      expect(await members()).to.deep.equal([ann]);
      await clock.advance(GRACE_MS);
      expect(announced).to.deep.equal(['joined 1', 'left 1']);
    });
  });

  describe('as a reaper', () => {
    it('announces the departures of a node that stopped renewing', async () => {
      const dead = await started('dead');
      dead.enter(7, ann);
      await dead.settled();
      const tracker = await started('a');
      await clock.advance(TTL_MS);
      await dead.close();
      await clock.advance(TTL_MS - 1);
      expect(announced).to.deep.equal(['joined 1']);
      await clock.advance(TTL_MS / 3 + 1);
      expect(announced).to.deep.equal(['joined 1', 'left 1']);
      expect(tracker.reaped).to.equal(1);
    });

    it('gives the others time to renew after an outage that all of them shared', async () => {
      const first = await started('a');
      const second = create('b');
      await clock.advance(1);
      second.start();
      await clock.advance(0);
      first.enter(7, ann);
      second.enter(7, bob);
      await clock.advance(TTL_MS * 2);
      failing = 'before';
      await clock.advance(TTL_MS * 2);
      expect(await store.expired()).to.have.members(['a', 'b']);
      failing = undefined;
      await clock.advance(TTL_MS * 3);
      expect(announced).to.deep.equal(['joined 1', 'joined 2']);
      expect(calls.filter((call) => call.startsWith('reap'))).to.deep.equal([]);
      expect(await members()).to.deep.equal([ann, bob]);
    });
  });

  describe('closing', () => {
    it('with release lets users change nodes unannounced', async () => {
      const tracker = await started('a', { releaseGraceMs: 5_000 });
      const other = await started('b');
      tracker.enter(7, ann);
      tracker.enter(7, bob);
      await clock.advance(TTL_MS * 2);
      tracker.drain();
      tracker.exit(7, ann);
      tracker.exit(7, bob);
      await clock.advance(GRACE_MS * 5);
      expect(await members()).to.deep.equal([ann, bob]);
      await tracker.close({ release: true });
      other.enter(7, ann);
      await clock.advance(4_999);
      expect(await members()).to.deep.equal([ann, bob]);
      await clock.advance(1);
      expect(await members()).to.deep.equal([ann]);
      await clock.advance(TTL_MS / 3);
      expect(announced).to.deep.equal(['joined 1', 'joined 2', 'left 2']);
    });

    it('waits for calls under way and leaves no timer behind', async () => {
      const tracker = await started();
      let open = (): void => {};
      held = new Promise((resolve) => {
        open = resolve;
      });
      tracker.enter(7, ann);
      tracker.enter(7, bob);
      tracker.exit(7, bob);
      let closed = false;
      const closing = tracker.close({ release: true }).then(() => {
        closed = true;
      });
      await turn();
      expect(closed).to.equal(false);
      open();
      await closing;
      expect(calls.at(-1)).to.equal('release');
      expect(clock.timers).to.equal(0);
      calls.length = 0;
      await tracker.close();
      await clock.advance(TTL_MS);
      expect(calls).to.deep.equal([]);
    });

    it('does not wait for a store that is away', async () => {
      const tracker = await started();
      failing = 'before';
      tracker.enter(7, ann);
      await tracker.close({ release: true });
      expect(clock.timers).to.equal(0);
    });
  });
});
