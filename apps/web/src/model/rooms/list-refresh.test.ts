import { mock } from 'node:test';
import { expect } from 'chai';
import { ListRefresh, READ_MS, READ_RARELY_MS, SPREAD_MS } from './list-refresh.js';

describe('the list of rooms is read again', () => {
  let reads: number;
  let isVisible: boolean;
  let refresh: ListRefresh;
  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
    reads = 0;
    isVisible = true;
    refresh = new ListRefresh({ read: () => reads++, isVisible: () => isVisible, random: () => 0.5 });
  });
  afterEach(() => {
    refresh.close();
    mock.timers.reset();
  });

  const readsAfter = (ms: number): number => {
    const before = reads;
    mock.timers.tick(ms);
    return reads - before;
  };

  it('at an interval if the gateway sends no changes, but not while the page is out of view', () => {
    expect(readsAfter(READ_MS * 3)).to.equal(3);
    isVisible = false;
    expect(readsAfter(READ_MS * 3)).to.equal(0);
    isVisible = true;
    refresh.shown();
    expect(reads).to.equal(4);
  });

  it('rarely if the gateway sends changes', () => {
    for (let count = 0; count < 10; count++) {
      refresh.notified(true);
      expect(readsAfter(READ_MS)).to.equal(0);
    }
    refresh.shown();
    expect(reads).to.equal(0);
    expect(readsAfter(READ_RARELY_MS)).to.equal(1);
    refresh.disconnected();
    expect(readsAfter(READ_MS)).to.equal(1);
  });

  it('after a random delay if there are more changes than were sent', () => {
    refresh.notified(true);
    mock.timers.tick(READ_MS);
    refresh.notified(false);
    expect(readsAfter(SPREAD_MS / 2 - 1)).to.equal(0);
    expect(readsAfter(1)).to.equal(1);
  });

  it('no more often than without changes, however often changes were not sent', () => {
    const from = 10 * READ_MS;
    for (let ms = 0; ms < from; ms += 1_000) {
      refresh.notified(false);
      mock.timers.tick(1_000);
    }
    expect(reads).to.be.within(7, 9);
  });

  it('when the page comes into view, if a read was due before', () => {
    mock.timers.tick(READ_MS - 1);
    refresh.notified(true);
    isVisible = false;
    mock.timers.tick(READ_MS);
    refresh.notified(false);
    expect(readsAfter(READ_MS)).to.equal(0);
    isVisible = true;
    refresh.shown();
    refresh.shown();
    expect(reads).to.equal(1);
  });
});
