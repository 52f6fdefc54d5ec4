import { expect } from 'chai';
import { describeAccessList } from '../testing/access-list-conformance.js';
import { describeMembershipList } from '../testing/membership-list-conformance.js';
import { describeNodeRegistry } from '../testing/node-registry-conformance.js';
import { MemoryAccessList } from './access-list.js';
import { MemoryNodeRegistry } from './node-registry.js';

/** A clock that moves only when a test moves it. */
function clock() {
  let now = 1_700_000_000_000;
  return {
    now: async () => now,
    read: () => now,
    pass: async (ms: number) => {
      now += ms;
    },
    close: async () => {},
  };
}

describeAccessList('memory', async () => {
  const time = clock();
  const list = new MemoryAccessList(time.read);
  return { ...time, open: () => list };
});

describeMembershipList('memory', async () => {
  const time = clock();
  const access = new MemoryAccessList(time.read);
  return { ...time, open: () => ({ list: access.memberships, access }) };
});

describeNodeRegistry('memory', async () => {
  const time = clock();
  const registry = new MemoryNodeRegistry(time.read);
  return { ...time, open: () => registry };
});

describe('MemoryAccessList', () => {
  it('admits users from the start: no data can have been lost', async () => {
    expect(await new MemoryAccessList().check([{ userId: 1 }])).to.deep.equal(['ok']);
  });
});
