import { patiently } from '@chorus/testing';
import { expect } from 'chai';
import { FakeConnection, openFake } from '../testing/connections.js';
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

  /** Largest number of reconnect requests within any interval of that length, in milliseconds. */
  function mostWithin(all: readonly FakeConnection[], windowMs: number): number {
    const times = all.map(({ reconnectRequestedAt = 0 }) => reconnectRequestedAt).sort((a, b) => a - b);
    let most = 0;
    for (let from = 0, to = 0; to < times.length; to++) {
      while ((times[to] ?? 0) - (times[from] ?? 0) > windowMs) from++;
      most = Math.max(most, to - from + 1);
    }
    return most;
  }

  it('take the whole time for many connections, at an even pace, oldest first', async () => {
    const { connections, all } = crowd(600);
    const start = performance.now();
    await requestReconnects(connections, 1_500, never);
    expect(performance.now() - start).to.be.within(1_200, 2_000);
    // 400 a second: 100 in this time, plus the catch-up of one late tick.
    expect(mostWithin(all, 250)).to.be.below(200);
    const order = all.map(({ reconnectRequestedAt = 0 }) => reconnectRequestedAt);
    expect(order).to.deep.equal([...order].sort((a, b) => a - b));
    expect(order[0]).to.be.above(0);
  });

  it('take no longer than needed for few connections', async () => {
    const { connections, all } = crowd(20);
    const start = performance.now();
    await requestReconnects(connections, 60_000, never);
    expect(performance.now() - start).to.be.below(patiently(1_000));
    expect(all.every(({ reconnectRequestedAt }) => reconnectRequestedAt !== undefined)).to.equal(true);
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
