import { ManualClock } from '@chorus/testing';
import { expect } from 'chai';
import { FakeConnection, manualReconnectClock, openFake } from '../testing/connections.js';
import { ConnectionRegistry } from './connection-registry.js';
import { requestReconnects } from './request-reconnect.js';

describe('reconnect requests', () => {
  const never = new AbortController().signal;

  function crowd(count: number): { connections: ConnectionRegistry; all: FakeConnection[] } {
    const connections = new ConnectionRegistry('node');
    const all = Array.from({ length: count }, (_, index) => {
      return openFake(connections, { id: index + 1, username: 'x' }).connection;
    });
    return { connections, all };
  }

  /** Number of clients asked so far; they are the oldest. */
  function asked(all: readonly FakeConnection[]): number {
    const requested = all.map(({ reconnectRequestedAt }) => reconnectRequestedAt !== undefined);
    expect(requested).to.deep.equal(requested.toSorted((a, b) => Number(b) - Number(a)));
    return requested.filter(Boolean).length;
  }

  /** Requests all reconnects on a clock of the test. */
  class Requests {
    readonly all: FakeConnection[];
    readonly clock = new ManualClock(1_000);
    readonly done: Promise<void>;

    constructor(count: number, durationMs: number) {
      const { connections, all } = crowd(count);
      this.all = all;
      const time = manualReconnectClock(this.clock);
      this.done = requestReconnects(connections, durationMs, never, 'drain', time);
    }

    /** Number of clients asked within each of the following intervals of 50 ms. */
    async intervals(count: number): Promise<number[]> {
      const counts: number[] = [];
      for (let before = asked(this.all); counts.length < count; before += counts.at(-1) ?? 0) {
        await this.clock.advance(50);
        counts.push(asked(this.all) - before);
      }
      return counts;
    }
  }

  it('take the whole time for many connections, at an even pace, oldest first', async () => {
    const requests = new Requests(600, 1_500);
    expect(asked(requests.all)).to.equal(1);
    expect(await requests.intervals(30)).to.deep.equal([...Array<number>(29).fill(20), 19]);
    await requests.done;
  });

  it('take no longer than needed for few connections', async () => {
    const requests = new Requests(20, 60_000);
    expect(asked(requests.all)).to.equal(1);
    expect(await requests.intervals(4)).to.deep.equal([5, 5, 5, 4]);
    await requests.done;
  });

  it('catch up on at most 200 ms after a standstill of the process', async () => {
    const requests = new Requests(600, 1_500);
    expect(await requests.intervals(2)).to.deep.equal([20, 20]);
    requests.clock.freeze(1_000);
    expect(await requests.intervals(2)).to.deep.equal([80 + 20, 20]);
  });

  it('include all clients that are left at the end of the time', async () => {
    const requests = new Requests(600, 1_500);
    requests.clock.freeze(1_500);
    expect(await requests.intervals(1)).to.deep.equal([599]);
    await requests.done;
  });

  it('take no time with a duration of 0, and give clients different delays', async () => {
    const { connections, all } = crowd(500);
    await requestReconnects(connections, 0, never);
    const moments = new Set(all.map(({ afterMs }) => afterMs));
    expect(moments.size).to.be.above(100);
    expect(Math.max(...all.map(({ afterMs = -1 }) => afterMs))).to.be.below(1_000);
  });

  it('stop when the signal is aborted', async () => {
    const { connections, all } = crowd(500);
    const stop = new AbortController();
    const done = requestReconnects(connections, 60_000, stop.signal).catch((error: unknown) => error);
    stop.abort();
    expect(await done).to.have.property('name', 'AbortError');
    expect(all.filter(({ reconnectRequestedAt }) => reconnectRequestedAt !== undefined)).to.have.length(1);
  });

  it('include upgrades in progress, as soon as their sockets open', async () => {
    const { connections } = crowd(1);
    const slot = connections.take('192.0.2.1');
    await requestReconnects(connections, 0, never);
    const late = new FakeConnection(slot.id, { id: 9, username: 'late' }, '192.0.2.1');
    slot.open(late);
    expect(late.reconnectRequestedAt).to.be.above(0);
  });
});
