import { type PresenceFixture, ThreeNodes } from './fixture.js';
import { describeJournal } from './journal.js';
import { describeLeases } from './leases.js';
import { describeLists } from './lists.js';
import { describeMembers } from './members.js';
import { describeReaping } from './reaping.js';

/** Mocha tests of the guarantees of `PresenceStore`, except those about lost data. */
export function describePresenceStore(name: string, createFixture: () => Promise<PresenceFixture>): void {
  describe(`presence: ${name}`, () => {
    let nodes: ThreeNodes;

    beforeEach(async () => {
      nodes = await ThreeNodes.open(createFixture);
    });
    afterEach(() => nodes.close());

    for (const describeSome of [
      describeLeases,
      describeMembers,
      describeLists,
      describeReaping,
      describeJournal,
    ]) {
      describeSome(() => nodes);
    }
  });
}
