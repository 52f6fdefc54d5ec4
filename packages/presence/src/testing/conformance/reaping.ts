import { expect } from 'chai';
import { NoLeaseError } from '../../presence-store.js';
import { ALL, ann, bob, LEASE_MS, notices, type ThreeNodes } from './fixture.js';

/** Tests of reaping the entries of dead nodes. */
export function describeReaping(stage: () => ThreeNodes): void {
  describe('reaping', () => {
    it('announces each departure once, however many nodes reap', async () => {
      const { a, b, c, fixture } = stage();
      const expected: string[] = [];
      for (let id = 1; id <= 200; id++) {
        await a.join('a', (id % 5) + 1, { id, username: `u${id}` });
        expected.push(`left ${id}`);
      }
      await b.join('b', 1, bob);
      await stage().die(a, 'a');
      expect(await b.expired()).to.deep.equal(['a']);
      const counts = await Promise.all([
        b.reap('a', 'b'),
        c.reap('a', 'c'),
        (await stage().another('d')).reap('a', 'd'),
      ]);
      expect(counts.reduce((sum, count) => sum + count)).to.equal(200);
      const left = (await notices(fixture)).filter((notice) => notice.startsWith('left'));
      expect(left).to.have.members(expected);
      expect(await b.expired()).to.deep.equal([]);
      expect(await b.reap('a', 'b')).to.equal(0);
      expect(await b.everyone(0, ALL)).to.deep.equal([bob]);
    });

    it('does not touch a live node', async () => {
      const { a, b } = stage();
      await a.join('a', 7, ann);
      expect(await b.expired()).to.deep.equal([]);
      expect(await b.reap('a', 'b')).to.equal(0);
      expect(await b.reap('nobody', 'b')).to.equal(0);
      expect(await b.members(7, 0, ALL)).to.deep.equal([ann]);
      expect((await a.renew('a', LEASE_MS)).entries).to.equal('kept');
    });

    it("requires that the reaping node's own lease has not ended", async () => {
      const { a, b, c, fixture } = stage();
      await a.join('a', 7, ann);
      await stage().die(a, 'a');
      await stage().die(c, 'c');
      expect(await c.reap('a', 'c')).to.equal(0);
      expect(await fixture.open().reap('a', 'nobody')).to.equal(0);
      expect(await notices(fixture)).to.deep.equal(['joined 1']);
      expect((await a.renew('a', LEASE_MS)).entries).to.equal('kept');
      expect(await b.members(7, 0, ALL)).to.deep.equal([ann]);
    });

    it('does not announce users who are present through another node', async () => {
      const { a, b, c, fixture } = stage();
      await a.join('a', 7, ann);
      await a.join('a', 7, bob);
      await b.join('b', 7, bob);
      await stage().die(a, 'a');
      // Not announced either: her departure was not announced.
      await c.join('c', 7, ann);
      expect(await b.reap('a', 'b')).to.equal(0);
      expect(await notices(fixture)).to.deep.equal(['joined 1', 'joined 2']);
      expect(await b.members(7, 0, ALL)).to.deep.equal([ann, bob]);
      await c.leave('c', 7, ann);
      await b.leave('b', 7, bob);
      expect(await notices(fixture)).to.deep.equal(['joined 1', 'joined 2', 'left 1', 'left 2']);
    });

    it('announces a user of two dead nodes once', async () => {
      const { a, b, c, fixture } = stage();
      await a.join('a', 7, ann);
      await b.join('b', 7, ann);
      await stage().die(a, 'a');
      await stage().die(b, 'b');
      expect(await c.expired()).to.have.members(['a', 'b']);
      await Promise.all([c.reap('a', 'c'), c.reap('b', 'c'), (await stage().another('d')).reap('a', 'd')]);
      expect(await notices(fixture)).to.deep.equal(['joined 1', 'left 1']);
    });

    it('makes the node write everything again, and announces its users who return', async () => {
      const { a, b, fixture } = stage();
      await a.join('a', 7, ann);
      await stage().die(a, 'a');
      await b.reap('a', 'b');
      expect(await a.renew('a', LEASE_MS)).to.deep.equal({ entries: 'reaped', leftMs: 0 });
      expect(await b.members(7, 0, ALL)).to.deep.equal([]);
      await a.join('a', 7, ann, true);
      expect(await b.members(7, 0, ALL)).to.deep.equal([ann]);
      expect(await notices(fixture)).to.deep.equal(['joined 1', 'left 1', 'joined 1']);
      expect((await a.renew('a', LEASE_MS)).entries).to.equal('kept');
    });

    it('refuses a node that does not know yet that it was declared dead', async () => {
      const { a, b, fixture } = stage();
      await stage().die(a, 'a');
      await b.reap('a', 'b');
      const error = await a.join('a', 7, ann).catch((error: unknown) => error);
      expect(error).to.be.instanceOf(NoLeaseError);
      await a.leave('a', 7, ann);
      expect(await notices(fixture)).to.deep.equal([]);
      expect((await a.renew('a', LEASE_MS)).entries).to.equal('reaped');
      await a.join('a', 7, ann);
      expect(await notices(fixture)).to.deep.equal(['joined 1']);
    });

    it('leaves alone what the node writes after its return, even concurrently', async () => {
      const { a, b, c, fixture } = stage();
      const crowd = Array.from({ length: 200 }, (_, index) => ({ id: index + 1, username: `u${index}` }));
      for (const member of crowd) await a.join('a', (member.id % 3) + 1, member);
      await stage().die(a, 'a');
      const comeBack = async (): Promise<void> => {
        do {
          await a.renew('a', LEASE_MS);
          const calls = crowd.map((member) => a.join('a', (member.id % 3) + 1, member, true));
          await Promise.allSettled(calls);
        } while ((await a.renew('a', LEASE_MS)).entries !== 'kept');
      };
      await Promise.all([b.reap('a', 'b'), comeBack(), c.reap('a', 'c')]);
      expect(await b.everyone(0, ALL)).to.deep.equal(crowd);
      const seen = new Map<number, string>();
      for (const { type, userId } of await fixture.announced()) {
        expect(type, `user ${userId} after ${seen.get(userId)}`).not.to.equal(seen.get(userId));
        seen.set(userId, type);
      }
      expect([...seen.values()]).to.deep.equal(crowd.map(() => 'joined'));
    });
  });
}
