import { expect } from 'chai';
import { ann, bob, GRACE_MS, TrackerStage, TTL_MS } from '../testing/tracker-stage.js';

describe('PresenceTracker', () => {
  let stage: TrackerStage;

  beforeEach(() => {
    stage = new TrackerStage();
  });
  afterEach(() => stage.close());

  describe('when its entries are lost', () => {
    it('writes everything again, with which users were announced before', async () => {
      const tracker = await stage.started();
      tracker.enter(7, ann);
      tracker.enter(8, bob);
      await tracker.settled();
      tracker.exit(8, bob);
      await stage.clock.advance(TTL_MS / 3 - 1);
      // Reaped without its knowledge: its lease was cut short.
      await stage.store.release('a', 0);
      expect(await stage.reap('a')).to.equal(1);
      stage.calls.length = 0;
      tracker.enter(7, bob);
      await stage.clock.advance(1_000);
      await tracker.settled();
      expect(stage.changes().slice(1)).to.have.members(['join 1 again', 'join 2']);
      expect(await stage.members()).to.deep.equal([ann, bob]);
    });

    it('repeats calls that were in flight', async () => {
      const tracker = await stage.started();
      tracker.enter(7, ann);
      await tracker.settled();
      let open = (): void => {};
      stage.held = new Promise((resolve) => {
        open = resolve;
      });
      tracker.enter(7, bob);
      tracker.forgetRoom(8);
      await stage.store.release('a', 0);
      await stage.reap('a');
      await stage.clock.advance(TTL_MS / 3);
      // The delayed join reaches the store after the node has registered again.
      open();
      await tracker.settled();
      expect(stage.changes().filter((call) => call.startsWith('join 2'))).to.deep.equal([
        'join 2',
        'join 2 again',
      ]);
      expect(await stage.members()).to.deep.equal([ann, bob]);
      tracker.exit(7, bob);
      await stage.clock.advance(GRACE_MS);
      expect(await stage.members()).to.deep.equal([ann]);
    });
  });

  describe('when its process was stopped for longer than its lease', () => {
    it('does not bring back users who left meanwhile', async () => {
      const tracker = await stage.started();
      tracker.enter(7, ann);
      tracker.enter(7, bob);
      await tracker.settled();
      stage.clock.freeze(TTL_MS * 3);
      expect(await stage.reap('a')).to.equal(2);
      const late = stage.clock.advance(0);
      // The process first learns which connections have ended.
      tracker.exit(7, ann);
      await late;
      await stage.clock.advance(1_000);
      await tracker.settled();
      expect(stage.announced).to.deep.equal(['joined 1', 'joined 2', 'left 1', 'left 2', 'joined 2']);
      await stage.clock.advance(TTL_MS);
      expect(stage.announced.slice(5)).to.deep.equal([]);
      expect(await stage.members()).to.deep.equal([bob]);
      expect(tracker.localMembers).to.equal(1);
      expect(tracker.leaving).to.equal(0);
    });

    it('brings back users who were within their grace and have reconnected', async () => {
      const tracker = await stage.started();
      tracker.enter(7, ann);
      await tracker.settled();
      tracker.exit(7, ann);
      stage.clock.freeze(TTL_MS * 3);
      expect(await stage.reap('a')).to.equal(1);
      await stage.clock.advance(0);
      tracker.enter(7, ann);
      await stage.clock.advance(1_000);
      await tracker.settled();
      expect(stage.announced).to.deep.equal(['joined 1', 'left 1', 'joined 1']);
      expect(await stage.members()).to.deep.equal([ann]);
    });

    it('continues as before if it was not declared dead', async () => {
      const tracker = await stage.started();
      tracker.enter(7, ann);
      await tracker.settled();
      stage.clock.freeze(TTL_MS * 3);
      tracker.exit(7, ann);
      await stage.clock.advance(1_000);
      expect(await stage.members()).to.deep.equal([ann]);
      await stage.clock.advance(GRACE_MS);
      expect(stage.announced).to.deep.equal(['joined 1', 'left 1']);
    });
  });

  describe('as a reaper', () => {
    it('announces the departures of a node that stopped renewing', async () => {
      const dead = await stage.started('dead');
      dead.enter(7, ann);
      await dead.settled();
      const tracker = await stage.started('a');
      await stage.clock.advance(TTL_MS);
      await dead.close();
      await stage.clock.advance(TTL_MS - 1);
      expect(stage.announced).to.deep.equal(['joined 1']);
      await stage.clock.advance(TTL_MS / 3 + 1);
      expect(stage.announced).to.deep.equal(['joined 1', 'left 1']);
      expect(tracker.reaped).to.equal(1);
    });

    it('gives other nodes time to renew after a common outage', async () => {
      const first = await stage.started('a');
      const second = stage.create('b');
      await stage.clock.advance(1);
      second.start();
      await stage.clock.advance(0);
      first.enter(7, ann);
      second.enter(7, bob);
      await stage.clock.advance(TTL_MS * 2);
      stage.failing = 'before';
      await stage.clock.advance(TTL_MS * 2);
      expect(await stage.store.expired()).to.have.members(['a', 'b']);
      stage.failing = undefined;
      await stage.clock.advance(TTL_MS * 3);
      expect(stage.announced).to.deep.equal(['joined 1', 'joined 2']);
      expect(stage.calls.filter((call) => call.startsWith('reap'))).to.deep.equal([]);
      expect(await stage.members()).to.deep.equal([ann, bob]);
    });
  });
});
