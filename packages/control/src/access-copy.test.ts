import { UnavailableError } from '@chorus/redis';
import { createLogger } from '@chorus/service';
import { expect } from 'chai';
import { AccessCopy } from './access-copy.js';
import { MemoryAccessList } from './memory/access-list.js';

const log = createLogger({ service: 'test', level: 'silent' });

describe('copy of the access list', () => {
  let list: MemoryAccessList;
  let now: number;
  let copy: AccessCopy;

  beforeEach(async () => {
    list = new MemoryAccessList();
    now = 1_000_000;
    copy = new AccessCopy({
      list,
      onMissed: () => undefined,
      onReread: () => undefined,
      log,
      intervalMs: 3_600_000,
      now: () => now,
    });
    await copy.refresh();
  });

  afterEach(() => copy.close());

  const admits = (): boolean => copy.admits({ userId: 1, tokenId: 'mine', generation: 1 });

  it('admits no user before it was read', () => {
    const fresh = new AccessCopy({ list, onMissed: () => undefined, onReread: () => undefined, log });
    expect(fresh.admits({ userId: 1 })).to.equal(false);
    return fresh.close();
  });

  it('admits no user a second after the list was asked, until it is asked again', async () => {
    now += 1_000;
    expect(admits()).to.equal(true);
    now += 1;
    expect(admits()).to.equal(false);
    await copy.refresh();
    expect(admits()).to.equal(true);
  });

  it('counts from the question, not from the answer', async () => {
    const ask = list.changesAfter.bind(list);
    list.changesAfter = async (position) => {
      const found = await ask(position);
      now += 1_500;
      return found;
    };
    await copy.refresh();
    expect(admits()).to.equal(false);
  });

  it('admits no user at once when the list cannot be asked', async () => {
    const ask = list.changesAfter.bind(list);
    list.changesAfter = () => Promise.reject(new UnavailableError('away'));
    await copy.refresh();
    expect(admits()).to.equal(false);
    list.changesAfter = ask;
    await copy.refresh();
    expect(admits()).to.equal(true);
  });

  it('is not made current by an answer to a question from before a doubt', async () => {
    const ask = list.changesAfter.bind(list);
    let answer = (): void => undefined;
    list.changesAfter = async (position) => {
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return ask(position);
    };
    const asked = copy.refresh();
    now += 1;
    copy.doubt();
    answer();
    await asked;
    expect(admits()).to.equal(false);
  });

  it('refuses what an event announced from the event on, and forgets it when the list was asked', async () => {
    copy.noticed('mine');
    expect(admits()).to.equal(false);
    copy.noticed(2);
    expect(copy.admits({ userId: 2 })).to.equal(false);
    now += 1;
    await copy.refresh();
    // The list has no such entries: it would have them before the event.
    expect(admits()).to.equal(true);
    expect(copy.admits({ userId: 2 })).to.equal(true);
  });

  it('forgets tokens long after they have expired', async () => {
    await list.revoke('old', Date.now() - 300_001);
    await copy.refresh();
    expect(copy.size).to.equal(1);
    now += 60_001;
    await copy.refresh();
    expect(copy.size).to.equal(0);
  });
});
