import { silentLog, until } from '@chorus/testing';
import { expect } from 'chai';
import { DeliveryProbe } from './delivery-probe.js';
import { ProbeStats } from './probe-stats.js';

const INTERVAL_MS = 10;
const TIMEOUT_MS = 40;
/** Longer than any probe takes on a busy machine, in milliseconds. */
const LONG_MS = 600;

/** Channels that a test mutes, over links that it cuts. */
class Wires {
  readonly subscribed: string[] = [];
  readonly sent: string[] = [];
  readonly broken: string[] = [];
  readonly links = new Map<string, object>();
  readonly muted = new Set<string>();
  refuses = false;
  readonly probe: DeliveryProbe;
  readonly stats = new ProbeStats();
  /** Round trips, in milliseconds. */
  readonly trips: number[] = [];

  constructor(channels: string[]) {
    for (const channel of channels) this.links.set(channel, {});
    this.stats.onReturn = (ms) => this.trips.push(ms);
    this.probe = new DeliveryProbe({
      channels,
      intervalMs: INTERVAL_MS,
      timeoutMs: TIMEOUT_MS,
      subscribe: async (channel) => {
        if (this.refuses) throw new Error('no connection');
        this.subscribed.push(channel);
      },
      publish: async (channel) => {
        if (this.refuses) throw new Error('no connection');
        this.sent.push(channel);
        if (!this.muted.has(channel)) setImmediate(() => this.probe.heard(channel));
      },
      link: (channel) => this.links.get(channel),
      breakLink: (channel) => {
        this.broken.push(channel);
        this.links.delete(channel);
      },
      stats: this.stats,
      log: silentLog,
    });
  }

  /** Replaces the link of a channel, which is no longer muted then. */
  reconnect(channel: string): void {
    this.links.set(channel, {});
    this.muted.delete(channel);
    this.probe.recheck();
  }
}

describe('a delivery probe', () => {
  let wires: Wires;

  const begin = async (channels: string[]): Promise<void> => {
    wires = new Wires(channels);
    await wires.probe.start();
  };
  const sent = (more: number): Promise<void> => {
    const goal = wires.sent.length + more;
    return until(`${more} probes`, () => wires.sent.length >= goal);
  };
  const silence = (): Promise<void> => until('silence', () => !wires.probe.delivering);

  afterEach(() => wires.probe.close());

  it('reports deliveries while every probe returns', async () => {
    await begin(['a']);
    await sent(3 + TIMEOUT_MS / INTERVAL_MS);
    expect(wires.probe.delivering).to.equal(true);
    expect(wires.broken).to.deep.equal([]);
  });

  it('records the round trip of each probe, and the number of failures', async () => {
    await begin(['a', 'b']);
    await sent(4);
    await until('their return', () => wires.trips.length >= 4);
    expect(Math.min(...wires.trips)).to.be.within(0, TIMEOUT_MS);
    expect(wires.stats.failures).to.equal(0);

    wires.muted.add('a');
    await silence();
    expect(wires.stats.failures).to.be.above(0);
    await until('the lag of the one under way', () => wires.stats.lagMs > LONG_MS);
    const { length } = wires.trips;
    wires.reconnect('a');
    await until('the next return', () => wires.trips.length >= length + 4);
    // The lost probe counts as failed, not as slow.
    expect(Math.max(...wires.trips.slice(length))).to.be.below(LONG_MS);
    expect(wires.stats.lagMs).to.be.below(LONG_MS);
  });

  it('reports a lag also without a connection', async () => {
    await begin(['a']);
    await sent(2);
    wires.links.delete('a');
    await silence();
    await until('a lag', () => wires.stats.lagMs > 3 * INTERVAL_MS);
  });

  it('breaks the connection once when no probe returns, and recovers with the next one that does', async () => {
    await begin(['a']);
    wires.muted.add('a');
    const begun = performance.now();
    await silence();
    expect(performance.now() - begun).to.be.within(TIMEOUT_MS - 1, TIMEOUT_MS + INTERVAL_MS + 50);
    expect(wires.broken).to.deep.equal(['a']);
    // Probes sent before do not count against the new connection.
    wires.links.set('a', {});
    await sent(TIMEOUT_MS / INTERVAL_MS - 2);
    expect(wires.broken).to.deep.equal(['a']);
    expect(wires.probe.delivering).to.equal(false);
    wires.reconnect('a');
    await until('delivery', () => wires.probe.delivering);
    expect(wires.broken).to.deep.equal(['a']);
  });

  it('breaks the new connection, too, if it delivers nothing', async () => {
    await begin(['a']);
    wires.muted.add('a');
    await until('a break', () => wires.broken.length === 1);
    wires.links.set('a', {});
    await until('another', () => wires.broken.length === 2);
  });

  it('leaves a connection alone that is already reconnecting', async () => {
    await begin(['a']);
    wires.muted.add('a');
    await sent(1);
    wires.links.delete('a');
    await silence();
    const waited = new Promise((resolve) => setTimeout(resolve, 2 * TIMEOUT_MS));
    await waited;
    expect(wires.broken).to.deep.equal([]);
    wires.reconnect('a');
    await until('delivery', () => wires.probe.delivering);
  });

  it('does not break the subscriber for probes that could not be sent', async () => {
    await begin(['a']);
    wires.refuses = true;
    await silence();
    wires.refuses = false;
    await until('delivery', () => wires.probe.delivering);
    await sent(2 * (TIMEOUT_MS / INTERVAL_MS));
    expect(wires.broken).to.deep.equal([]);
  });

  it('tolerates a process that was busy for a long time', async () => {
    await begin(['a']);
    await sent(2);
    // As data of a socket: read after the timers that are due.
    const answers = until('more', () => wires.sent.length > 10);
    const end = performance.now() + 3 * TIMEOUT_MS;
    while (performance.now() < end);
    await answers;
    expect(wires.broken).to.deep.equal([]);
  });

  it('probes all channels in turn, and silent ones each time', async () => {
    await begin(['a', 'b', 'c']);
    await sent(6);
    expect(wires.sent.slice(0, 6)).to.deep.equal(['a', 'b', 'c', 'a', 'b', 'c']);
    wires.muted.add('b');
    await silence();
    expect(wires.broken).to.deep.equal(['b']);
    wires.links.set('b', {});
    wires.sent.length = 0;
    await sent(8);
    expect(wires.sent.filter((channel) => channel === 'b')).to.have.length.above(2);
    expect(new Set(wires.sent)).to.deep.equal(new Set(['a', 'b', 'c']));
    wires.reconnect('b');
    await until('delivery', () => wires.probe.delivering);
  });

  it('retries subscriptions that failed at the start', async () => {
    wires = new Wires(['a', 'b']);
    wires.refuses = true;
    await wires.probe.start();
    expect(wires.probe.delivering).to.equal(false);
    wires.refuses = false;
    await until('delivery', () => wires.probe.delivering);
    expect(wires.subscribed.sort()).to.deep.equal(['a', 'b']);
  });
});
