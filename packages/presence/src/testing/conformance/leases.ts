import { expect } from 'chai';
import { NoLeaseError } from '../../presence-store.js';
import { ALL, ann, bob, LEASE_MS, notices, type ThreeNodes } from './fixture.js';

/** Tests of leases. */
export function describeLeases(stage: () => ThreeNodes): void {
  describe('leases', () => {
    it("report whether a node's entries are still there", async () => {
      const { fixture } = stage();
      const store = fixture.open();
      expect(await store.renew('d', LEASE_MS)).to.deep.equal({ entries: 'missing', leftMs: 0 });
      expect((await store.renew('d', LEASE_MS)).entries).to.equal('kept');
    });

    it('are required to join', async () => {
      const { b, fixture } = stage();
      const error = await fixture
        .open()
        .join('d', 7, ann)
        .catch((error: unknown) => error);
      expect(error).to.be.instanceOf(NoLeaseError);
      expect(await b.members(7, 0, ALL)).to.deep.equal([]);
    });

    it('report their remaining time', async () => {
      const { fixture } = stage();
      const store = await stage().another('d');
      expect((await store.renew('d', 1)).leftMs).to.be.within(LEASE_MS / 2, LEASE_MS);
      await fixture.pass(5);
      expect((await store.renew('d', LEASE_MS)).leftMs).to.equal(0);
    });

    it('hide the members of a node from every answer when they end', async () => {
      const { a, b, fixture } = stage();
      await a.join('a', 7, ann);
      await b.join('b', 7, bob);
      await stage().die(a, 'a');
      expect(await b.members(7, 0, ALL)).to.deep.equal([bob]);
      expect(await b.everyone(0, ALL)).to.deep.equal([bob]);
      expect(await notices(fixture)).to.deep.equal(['joined 1', 'joined 2']);
    });

    it('can be renewed after their end unless the node was reaped', async () => {
      const { a, b } = stage();
      await a.join('a', 7, ann);
      await stage().die(a, 'a');
      expect((await a.renew('a', LEASE_MS)).entries).to.equal('kept');
      expect(await b.members(7, 0, ALL)).to.deep.equal([ann]);
      expect(await b.expired()).to.deep.equal([]);
      expect(await b.reap('a', 'b')).to.equal(0);
      expect(await b.members(7, 0, ALL)).to.deep.equal([ann]);
    });

    it('stay intact under many concurrent changes', async () => {
      const { a, b } = stage();
      const crowd = Array.from({ length: 300 }, (_, index) => ({ id: index + 1, username: `u${index}` }));
      await Promise.all(crowd.map((member) => a.join('a', (member.id % 9) + 1, member)));
      expect((await a.renew('a', LEASE_MS)).entries).to.equal('kept');
      await Promise.all([
        ...crowd.slice(0, 150).map((member) => a.leave('a', (member.id % 9) + 1, member)),
        a.renew('a', LEASE_MS),
      ]);
      expect((await a.renew('a', LEASE_MS)).entries).to.equal('kept');
      expect(await b.everyone(0, ALL)).to.deep.equal(crowd.slice(150));
    });
  });

  describe('release', () => {
    it('keeps the entries for the grace, so that users can change nodes unannounced', async () => {
      const { a, b, fixture } = stage();
      await a.join('a', 7, ann);
      await a.join('a', 7, bob);
      await a.release('a', 500);
      expect(await b.members(7, 0, ALL)).to.deep.equal([ann, bob]);
      expect(await b.expired()).to.deep.equal([]);
      await b.join('b', 7, ann);
      await fixture.pass(505);
      expect(await b.members(7, 0, ALL)).to.deep.equal([ann]);
      expect(await b.expired()).to.deep.equal(['a']);
      expect(await b.reap('a', 'b')).to.equal(1);
      expect(await notices(fixture)).to.deep.equal(['joined 1', 'joined 2', 'left 2']);
    });

    it('does nothing for a node without a lease', async () => {
      const { a } = stage();
      await a.release('nobody', 10);
      expect(await a.expired()).to.deep.equal([]);
    });
  });
}
