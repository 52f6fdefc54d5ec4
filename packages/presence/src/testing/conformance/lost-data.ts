import { expect } from 'chai';
import { NoLeaseError, type PresenceStore } from '../../presence-store.js';
import {
  ALL,
  ann,
  bob,
  cyd,
  JournalReader,
  LEASE_MS,
  type LossyPresenceFixture,
  notices,
} from './fixture.js';

/** A lease that a test can wait for. */
const SHORT_MS = 150;

/** Mocha tests of the guarantees of a store that can lose its data, beyond `describePresenceStore`. */
export function describeLossyPresenceStore(
  name: string,
  createFixture: () => Promise<LossyPresenceFixture>,
): void {
  describe(`presence after a loss of data: ${name}`, () => {
    let fixture: LossyPresenceFixture;
    let a: PresenceStore;
    let b: PresenceStore;

    beforeEach(async () => {
      fixture = await createFixture();
      [a, b] = [fixture.open(), fixture.open()];
      await a.renew('a', LEASE_MS);
      await b.renew('b', LEASE_MS);
      await a.join('a', 7, ann);
      await b.join('b', 7, ann);
      await b.join('b', 7, bob);
      await fixture.loseData();
    });

    afterEach(async () => {
      await Promise.all([a.close(), b.close()]);
      await fixture.close();
    });

    it('nodes write everything again, and no member is announced a second time', async () => {
      expect((await a.renew('a', LEASE_MS)).entries).to.equal('missing');
      expect((await b.renew('b', LEASE_MS)).entries).to.equal('missing');
      await a.join('a', 7, ann, true);
      await b.join('b', 7, ann, true);
      await b.join('b', 7, bob, true);
      await b.join('b', 7, cyd);
      expect(await a.members(7, 0, ALL)).to.deep.equal([ann, bob, cyd]);
      expect(await notices(fixture)).to.deep.equal(['joined 1', 'joined 2', 'joined 3']);
    });

    it('no departure is decided for a lease, because entries of other nodes may be lost', async () => {
      await a.renew('a', LEASE_MS);
      await a.join('a', 7, ann, true);
      expect(await a.leave('a', 7, ann)).to.be.within(1, LEASE_MS);
      expect(await b.leave('b', 7, bob)).to.be.within(1, LEASE_MS);
      expect(await a.members(7, 0, ALL)).to.deep.equal([ann]);
      expect(await notices(fixture)).to.deep.equal(['joined 1', 'joined 2']);
    });

    it('departures are decided afterwards', async () => {
      await a.renew('a', SHORT_MS);
      await b.renew('b', SHORT_MS);
      await a.join('a', 7, ann, true);
      await b.join('b', 7, ann, true);
      await b.join('b', 7, bob, true);
      await fixture.pass(SHORT_MS + 5);
      expect(await a.leave('a', 7, ann)).to.equal(0);
      expect(await notices(fixture)).to.deep.equal(['joined 1', 'joined 2']);
      expect(await b.leave('b', 7, ann)).to.equal(0);
      expect(await notices(fixture)).to.deep.equal(['joined 1', 'joined 2', 'left 1']);
    });

    it('the journal does not record, and says when every node has written its entries', async () => {
      const reader = new JournalReader(fixture.openJournal());
      const before = await reader.page(7);
      expect([before.recording, before.incarnation]).to.deep.equal([false, undefined]);
      await a.renew('a', SHORT_MS);
      await reader.begin();
      const during = await reader.page(7);
      expect([during.recording, during.settled]).to.deep.equal([true, false]);
      await b.renew('b', SHORT_MS);
      await a.join('a', 7, ann, true);
      await b.join('b', 7, bob, true);
      await b.join('b', 7, cyd);
      await fixture.pass(SHORT_MS + 5);
      expect((await reader.page(7)).settled).to.equal(true);
      // Members who are written again have not joined.
      expect(await reader.read(7)).to.deep.equal(['joined 3']);
    });

    it('users of a deleted room leave at once', async () => {
      await a.renew('a', LEASE_MS);
      await a.join('a', 7, ann, true);
      expect(await a.leave('a', 7, ann, true)).to.equal(0);
      expect(await a.members(7, 0, ALL)).to.deep.equal([]);
    });

    it('a node that has not noticed the loss yet is refused', async () => {
      const error = await a.join('a', 7, cyd).catch((error: unknown) => error);
      expect(error).to.be.instanceOf(NoLeaseError);
      expect(await a.leave('a', 7, ann)).to.be.above(0);
      expect((await a.renew('a', LEASE_MS)).entries).to.equal('missing');
      expect(await notices(fixture)).to.deep.equal(['joined 1', 'joined 2']);
    });
  });
}
