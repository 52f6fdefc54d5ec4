import { tick } from '@chorus/testing';
import { expect } from 'chai';
import { ann, bob, GRACE_MS, LATE_MS, TrackerStage, TTL_MS } from '../testing/tracker-stage.js';

describe('PresenceTracker', () => {
  let stage: TrackerStage;

  beforeEach(() => {
    stage = new TrackerStage();
  });
  afterEach(() => stage.close());

  describe('while the store is unreachable', () => {
    it('keeps what is wanted, retries with growing pauses, and catches up', async () => {
      const tracker = stage.create();
      stage.failing = 'before';
      tracker.start();
      for (let id = 1; id <= 50; id++) tracker.enter(7, { id, username: `u${id}` });
      await stage.clock.advance(60_000);
      expect(stage.changes()).to.deep.equal([]);
      expect(stage.calls.length).to.be.within(50, 70);
      expect(tracker.connected).to.equal(false);
      for (let id = 1; id <= 20; id++) tracker.exit(7, { id, username: `u${id}` });
      await stage.clock.advance(GRACE_MS);
      expect(tracker.unsettled).to.equal(30);
      stage.failing = undefined;
      await stage.clock.advance(1_000);
      await tracker.settled();
      expect((await stage.members()).length).to.equal(30);
      expect(stage.changes().length).to.equal(30);
      expect(tracker.connected).to.equal(true);
      stage.calls.length = 0;
      await stage.clock.advance(TTL_MS);
      expect(stage.calls.filter((call) => call === 'renew').length).to.equal(3);

      // The next outage starts with short pauses again.
      stage.failing = 'before';
      tracker.enter(7, ann);
      await tick();
      stage.failing = undefined;
      await stage.clock.advance(50);
      await tracker.settled();
      expect(await stage.members()).to.deep.include(ann);
    });

    it('repeats unanswered calls until they are answered, each change announced once', async () => {
      const tracker = await stage.started();
      stage.failing = 'after';
      tracker.enter(7, ann);
      await stage.clock.advance(3_000);
      stage.failing = undefined;
      await stage.clock.advance(1_000);
      await tracker.settled();
      expect(await stage.members()).to.deep.equal([ann]);
      // Later leaves are not delayed.
      await stage.clock.advance(LATE_MS);
      tracker.exit(7, ann);
      stage.failing = 'after';
      await stage.clock.advance(GRACE_MS + 3_000);
      tracker.enter(7, bob);
      stage.failing = undefined;
      await stage.clock.advance(LATE_MS + 1_000);
      await tracker.settled();
      expect(await stage.members()).to.deep.equal([bob]);
      expect(stage.announced).to.deep.equal(['joined 1', 'left 1', 'joined 2']);
      expect(tracker.localMembers).to.equal(1);
    });

    it('removes a user whose join may have happened', async () => {
      const tracker = await stage.started();
      stage.failing = 'after';
      tracker.enter(7, ann);
      await tick();
      tracker.exit(7, ann);
      await stage.clock.advance(GRACE_MS + 1_000);
      expect(await stage.members()).to.deep.equal([ann]);
      stage.failing = undefined;
      await stage.clock.advance(LATE_MS + 1_000);
      await tracker.settled();
      expect(await stage.members()).to.deep.equal([]);
      expect(tracker.localMembers).to.equal(0);
    });

    it('does not take a user for announced whose leave may have happened', async () => {
      const tracker = await stage.started();
      tracker.enter(7, ann);
      await tracker.settled();
      tracker.exit(7, ann);
      stage.failing = 'after';
      await stage.clock.advance(GRACE_MS);
      expect(stage.changes()).to.deep.equal(['join 1', 'leave 1']);
      tracker.enter(7, ann);
      stage.failing = undefined;
      await stage.clock.advance(1_000);
      expect(stage.changes()).to.deep.equal(['join 1', 'leave 1', 'join 1']);
      expect(stage.announced).to.deep.equal(['joined 1', 'left 1', 'joined 1']);
    });

    it('announces no user who changed nodes meanwhile, whichever node notices first that the store is back', async () => {
      for (const [from, to] of [
        ['a', 'b'],
        ['c', 'd'],
      ] as const) {
        let brokenTo = false;
        const late = stage.wire();
        const renew = late.renew;
        late.renew = (nodeId, ttlMs) => (brokenTo ? Promise.reject(new Error('away')) : renew(nodeId, ttlMs));
        const old = await stage.started(from);
        const next = await stage.started(to, { store: late });
        old.enter(7, ann);
        await old.settled();
        stage.failing = 'before';
        brokenTo = true;
        next.enter(7, ann);
        old.exit(7, ann);
        await stage.clock.advance(GRACE_MS * 5);
        stage.failing = undefined;
        // Her old node works again; her new node does not know it yet.
        await stage.clock.advance(1_000);
        expect(old.connected).to.equal(true);
        expect(next.connected).to.equal(false);
        brokenTo = false;
        await stage.clock.advance(LATE_MS + 1_000);
        await Promise.all([old.settled(), next.settled()]);
        expect(stage.announced).to.deep.equal(['joined 1']);
        expect(await stage.members()).to.deep.equal([ann]);
        next.exit(7, ann);
        await stage.clock.advance(GRACE_MS);
        expect(stage.announced.splice(0)).to.deep.equal(['joined 1', 'left 1']);
      }
    });

    it('delays a leave that failed, but not again with each failing call', async () => {
      const broken = stage.wire();
      const join = broken.join;
      broken.join = (nodeId, roomId, member, again) =>
        member.id === 2 ? Promise.reject(new Error('bug')) : join(nodeId, roomId, member, again);
      const tracker = await stage.started('a', { store: broken });
      tracker.enter(7, ann);
      await tracker.settled();
      tracker.exit(7, ann);
      stage.failing = 'before';
      await stage.clock.advance(GRACE_MS);
      stage.failing = undefined;
      tracker.enter(7, bob);
      await stage.clock.advance(LATE_MS - 1);
      expect(stage.announced).to.deep.equal(['joined 1']);
      await stage.clock.advance(2_000);
      expect(stage.announced).to.deep.equal(['joined 1', 'left 1']);
    });

    it('lets a user reconnect whose leave is delayed', async () => {
      const tracker = await stage.started();
      tracker.enter(7, ann);
      await tracker.settled();
      tracker.exit(7, ann);
      stage.failing = 'before';
      await stage.clock.advance(GRACE_MS * 2);
      stage.failing = undefined;
      await stage.clock.advance(1_000);
      tracker.enter(7, ann);
      await stage.clock.advance(LATE_MS * 2);
      await tracker.settled();
      expect(stage.announced).to.deep.equal(['joined 1']);
      expect(await stage.members()).to.deep.equal([ann]);
    });

    it("continues with other users while one user's write keeps failing", async () => {
      const broken = stage.wire();
      const join = broken.join;
      broken.join = (nodeId, roomId, member, again) =>
        member.id === 1 ? Promise.reject(new Error('bug')) : join(nodeId, roomId, member, again);
      const tracker = await stage.started('a', { store: broken });
      tracker.enter(7, ann);
      await tick();
      stage.calls.length = 0;
      for (let id = 2; id <= 50; id++) tracker.enter(7, { id, username: `u${id}` });
      await stage.clock.advance(5_000);
      expect((await stage.members()).length).to.equal(49);
      expect(tracker.unsettled).to.equal(1);
      expect(stage.calls.filter((call) => call === 'renew').length).to.be.within(5, 15);
    });
  });
});
