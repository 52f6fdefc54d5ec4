import { tick } from '@chorus/testing';
import { expect } from 'chai';
import { ann, bob, GRACE_MS, TrackerStage, TTL_MS } from '../testing/tracker-stage.js';

describe('PresenceTracker', () => {
  let stage: TrackerStage;

  beforeEach(() => {
    stage = new TrackerStage();
  });
  afterEach(() => stage.close());

  describe('with local connections', () => {
    it('joins with the first and leaves a grace after the last', async () => {
      const tracker = await stage.started();
      tracker.enter(7, ann);
      tracker.enter(7, ann);
      await tracker.settled();
      expect(await stage.members()).to.deep.equal([ann]);
      tracker.exit(7, ann);
      await stage.clock.advance(GRACE_MS * 2);
      expect(await stage.members()).to.deep.equal([ann]);
      tracker.exit(7, ann);
      await stage.clock.advance(GRACE_MS - 1);
      expect(await stage.members()).to.deep.equal([ann]);
      expect(tracker.leaving).to.equal(1);
      await stage.clock.advance(1);
      expect(await stage.members()).to.deep.equal([]);
      expect(stage.changes()).to.deep.equal(['join 1', 'leave 1']);
      expect(stage.announced).to.deep.equal(['joined 1', 'left 1']);
      expect(tracker.localMembers).to.equal(0);
      expect(tracker.localRooms).to.equal(0);
    });

    it('does nothing for a user who reconnects within the grace', async () => {
      const tracker = await stage.started();
      tracker.enter(7, ann);
      tracker.exit(7, ann);
      await stage.clock.advance(GRACE_MS - 1);
      tracker.enter(7, ann);
      await stage.clock.advance(GRACE_MS * 2);
      expect(stage.changes()).to.deep.equal(['join 1']);
      tracker.exit(7, ann);
      await stage.clock.advance(GRACE_MS - 1);
      expect(stage.changes()).to.deep.equal(['join 1']);
      await stage.clock.advance(1);
      expect(stage.changes()).to.deep.equal(['join 1', 'leave 1']);
    });

    it('gives each user their own grace with a single timer', async () => {
      const tracker = await stage.started();
      const idle = stage.clock.timers;
      for (let id = 1; id <= 100; id++) tracker.enter(7, { id, username: `u${id}` });
      await tracker.settled();
      expect(stage.clock.timers).to.equal(idle);
      for (let id = 1; id <= 100; id++) {
        tracker.exit(7, { id, username: `u${id}` });
        await stage.clock.advance(10);
      }
      expect(stage.clock.timers).to.equal(idle + 1);
      await stage.clock.advance(GRACE_MS - 1_000 - 1);
      expect((await stage.members()).length).to.equal(100);
      await stage.clock.advance(501);
      expect((await stage.members()).length).to.equal(49);
      await stage.clock.advance(500);
      expect((await stage.members()).length).to.equal(0);
      expect(stage.clock.timers).to.equal(idle);
    });

    it('waits longer for users whom the node asked to reconnect, and no longer for others', async () => {
      const tracker = await stage.started('a', { releaseGraceMs: GRACE_MS * 3 });
      const idle = stage.clock.timers;
      tracker.enter(7, ann);
      tracker.enter(7, bob);
      await tracker.settled();
      tracker.exit(7, ann, true);
      tracker.exit(7, bob);
      expect(stage.clock.timers).to.equal(idle + 1);
      await stage.clock.advance(GRACE_MS);
      expect(stage.announced).to.deep.equal(['joined 1', 'joined 2', 'left 2']);
      expect(tracker.leaving).to.equal(1);
      await stage.clock.advance(GRACE_MS * 2 - 1);
      expect(await stage.members()).to.deep.equal([ann]);
      await stage.clock.advance(1);
      expect(await stage.members()).to.deep.equal([]);
      expect(stage.clock.timers).to.equal(idle);
    });

    it('recognises users whom it asked to reconnect as soon as they return', async () => {
      const tracker = await stage.started();
      tracker.enter(7, ann);
      tracker.exit(7, ann, true);
      await stage.clock.advance(GRACE_MS * 2);
      tracker.enter(7, ann);
      await stage.clock.advance(60_000);
      expect(stage.announced).to.deep.equal(['joined 1']);
      tracker.exit(7, ann);
      await stage.clock.advance(GRACE_MS);
      expect(stage.announced).to.deep.equal(['joined 1', 'left 1']);
    });

    it('ignores an exit without an entry', async () => {
      const tracker = await stage.started();
      tracker.exit(7, ann);
      tracker.enter(7, ann);
      tracker.exit(7, ann);
      tracker.exit(7, ann);
      tracker.enter(7, ann);
      tracker.enter(7, ann);
      tracker.exit(7, ann);
      await stage.clock.advance(GRACE_MS * 2);
      expect(await stage.members()).to.deep.equal([ann]);
    });

    it('forgets a room at once, for good', async () => {
      const tracker = await stage.started();
      tracker.enter(7, ann);
      tracker.enter(7, bob);
      tracker.enter(8, ann);
      await tracker.settled();
      tracker.exit(7, bob);
      tracker.forgetRoom(7);
      await tracker.settled();
      tracker.exit(7, ann);
      await stage.clock.advance(GRACE_MS);
      expect(await stage.store.everyone(0, 10)).to.deep.equal([ann]);
      expect(await stage.members()).to.deep.equal([]);
      expect(tracker.localRooms).to.equal(1);
      tracker.forgetRoom(9);
    });
  });

  describe('with calls in flight', () => {
    it('makes one at a time per user and room, and the store ends up with what is wanted', async () => {
      const tracker = await stage.started('a', { graceMs: 0 });
      let open = (): void => {};
      stage.held = new Promise((resolve) => {
        open = resolve;
      });
      tracker.enter(7, ann);
      for (let times = 0; times < 5; times++) {
        tracker.exit(7, ann);
        await stage.clock.advance(1);
        tracker.enter(7, ann);
        await stage.clock.advance(1);
      }
      tracker.exit(7, ann);
      await stage.clock.advance(1);
      expect(stage.mostUnderWay).to.equal(1);
      open();
      await tracker.settled();
      expect(stage.changes()).to.deep.equal(['join 1', 'leave 1']);
      expect(await stage.members()).to.deep.equal([]);
      expect(tracker.localMembers).to.equal(0);
    });

    it('bounds their number', async () => {
      const tracker = await stage.started('a', { maxInFlight: 10 });
      let open = (): void => {};
      stage.held = new Promise((resolve) => {
        open = resolve;
      });
      for (let id = 1; id <= 100; id++) tracker.enter(7, { id, username: `u${id}` });
      expect(stage.underWay).to.equal(10);
      expect(tracker.unsettled).to.equal(100);
      open();
      await tracker.settled();
      expect(stage.mostUnderWay).to.equal(10);
      expect((await stage.members()).length).to.equal(100);
    });
  });

  describe('closing', () => {
    it('with release lets users change nodes unannounced', async () => {
      const tracker = await stage.started('a', { releaseGraceMs: 5_000 });
      const other = await stage.started('b');
      tracker.enter(7, ann);
      tracker.enter(7, bob);
      await stage.clock.advance(TTL_MS * 2);
      tracker.drain();
      tracker.exit(7, ann);
      tracker.exit(7, bob);
      await stage.clock.advance(GRACE_MS * 5);
      expect(await stage.members()).to.deep.equal([ann, bob]);
      await tracker.close({ release: true });
      other.enter(7, ann);
      await stage.clock.advance(4_999);
      expect(await stage.members()).to.deep.equal([ann, bob]);
      await stage.clock.advance(1);
      expect(await stage.members()).to.deep.equal([ann]);
      await stage.clock.advance(TTL_MS / 3);
      expect(stage.announced).to.deep.equal(['joined 1', 'joined 2', 'left 2']);
    });

    it('waits for calls in flight and leaves no timer behind', async () => {
      const tracker = await stage.started();
      let open = (): void => {};
      stage.held = new Promise((resolve) => {
        open = resolve;
      });
      tracker.enter(7, ann);
      tracker.enter(7, bob);
      tracker.exit(7, bob);
      let closed = false;
      const closing = tracker.close({ release: true }).then(() => {
        closed = true;
      });
      await tick();
      expect(closed).to.equal(false);
      open();
      await closing;
      expect(stage.calls.at(-1)).to.equal('release');
      expect(stage.clock.timers).to.equal(0);
      stage.calls.length = 0;
      await tracker.close();
      await stage.clock.advance(TTL_MS);
      expect(stage.calls).to.deep.equal([]);
    });

    it('does not wait for an unreachable store', async () => {
      const tracker = await stage.started();
      stage.failing = 'before';
      tracker.enter(7, ann);
      await tracker.close({ release: true });
      expect(stage.clock.timers).to.equal(0);
    });
  });
});
