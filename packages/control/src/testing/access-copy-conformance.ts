import { createLogger } from '@chorus/service';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { AccessCopy } from '../access-copy.js';
import { type AccessChange, type AccessList, sessionsKey } from '../access-list.js';
import type { AccessListFixture } from './access-list-conformance.js';

const HOUR_MS = 3_600_000;
const log = createLogger({ service: 'test', level: 'silent' });

/** Mocha tests of what a copy of an {@link AccessList} relies on, and of the copy over that list. */
export function describeAccessCopy(name: string, createFixture: () => Promise<AccessListFixture>): void {
  describe(`copy of the access list: ${name}`, () => {
    let fixture: AccessListFixture;
    let list: AccessList;
    let copy: AccessCopy;
    let missed: AccessChange[];
    let reread: number;
    let aheadMs: number;

    beforeEach(async () => {
      fixture = await createFixture();
      list = fixture.open();
      missed = [];
      reread = 0;
      aheadMs = 0;
    });

    afterEach(async () => {
      await copy.close();
      await fixture.close();
    });

    const complete = async (): Promise<void> => (await list.beginRestoration()).complete();

    /** A copy that asks only when it is told to. */
    const open = async (maxEntries = 100_000): Promise<void> => {
      copy = new AccessCopy({
        list: fixture.open(),
        onMissed: (changes) => missed.push(...changes),
        onReread: () => reread++,
        log,
        intervalMs: HOUR_MS,
        trustMs: HOUR_MS,
        maxEntries,
        now: () => performance.now() + aheadMs,
      });
      await copy.refresh();
    };

    it('admits users without entries, and no other user', async () => {
      await complete();
      const end = Date.now() + HOUR_MS;
      await list.ban({ userId: 1 });
      await list.ban({ userId: 2, roomId: 7 });
      await list.revoke('gone', end);
      await list.addRevocations([{ tokenId: sessionsKey(3, 4), expiresAt: end }]);
      await open();
      expect(copy.admits({ userId: 1 })).to.equal(false);
      expect(copy.admits({ userId: 2 })).to.equal(false);
      expect(copy.admits({ userId: 3, tokenId: 'gone', generation: 0 })).to.equal(false);
      expect(copy.admits({ userId: 3, tokenId: 'other', generation: 4 })).to.equal(false);
      expect(copy.admits({ userId: 3, tokenId: 'other', generation: 5 })).to.equal(true);
      expect(copy.admits({ userId: 4 })).to.equal(true);
    });

    it('follows every kind of change, and reports those that no event announced', async () => {
      await complete();
      await open();
      const end = Date.now() + HOUR_MS;
      await list.revoke('signed-out', end);
      await list.addRevocations([{ tokenId: 'restored', expiresAt: end }]);
      await list.ban({ userId: 1 });
      await list.ban({ userId: 2, roomId: 7 });
      await list.lift({ userId: 2, roomId: 7 });
      await list.replaceBans([{ userId: 3 }]);
      copy.noticed('signed-out');
      await copy.refresh();
      expect(copy.admits({ userId: 9, tokenId: 'signed-out' })).to.equal(false);
      expect(copy.admits({ userId: 9, tokenId: 'restored' })).to.equal(false);
      expect([1, 2, 3].map((userId) => copy.admits({ userId }))).to.deep.equal([true, true, false]);
      expect(
        missed.map((change) => (change.type === 'revoked' ? change.tokenId : change.ban.userId)),
      ).to.deep.equal(['restored', 1, 2, 3]);
      expect(reread).to.equal(0);
    });

    it('reads the list again when it is too far behind, and says so', async () => {
      await complete();
      await open();
      const end = Date.now() + HOUR_MS;
      const many = Array.from({ length: 12_000 }, (_, index) => ({ tokenId: `t${index}`, expiresAt: end }));
      await list.addRevocations(many);
      await copy.refresh();
      expect(reread).to.equal(1);
      expect(copy.size).to.equal(12_000);
      expect(copy.admits({ userId: 1, tokenId: 't0' })).to.equal(false);
      expect(copy.admits({ userId: 1, tokenId: 't12000' })).to.equal(true);
    });

    it('reads long lists of entries that end in the same millisecond', async () => {
      await complete();
      const end = Date.now() + HOUR_MS;
      const many = Array.from({ length: 1_700 }, (_, index) => ({
        tokenId: `t${index}`,
        expiresAt: index < 1_200 ? end : end + 1,
      }));
      await list.addRevocations(many);
      await open();
      expect(copy.size).to.equal(1_700);
    });

    it('admits no user while the list is too long for a copy', async () => {
      await complete();
      await list.replaceBans([1, 2, 3].map((userId) => ({ userId })));
      await open(2);
      expect(copy.admits({ userId: 9 })).to.equal(false);
      await list.lift({ userId: 1 });
      await copy.refresh();
      expect(copy.admits({ userId: 9 }), 'it is not read all the time').to.equal(false);
      aheadMs = 60_001;
      await copy.refresh();
      expect(copy.admits({ userId: 9 })).to.equal(true);
      await list.ban({ userId: 4 });
      await copy.refresh();
      expect(copy.admits({ userId: 9 })).to.equal(false);
    });
  });
}
