import { ManualClock, silentLog } from '@chorus/testing';
import { expect } from 'chai';
import { DeliveryProbe } from './delivery-probe.js';
import { ProbeStats } from './probe-stats.js';

const INTERVAL_MS = 10;
const TIMEOUT_MS = 40;

/** Channels that a test mutes, over links that it cuts. */
class Wires {
  readonly clock = new ManualClock(1_000);
  readonly subscribed: string[] = [];
  readonly sent: string[] = [];
  readonly broken: string[] = [];
  readonly links = new Map<string, object>();
  readonly muted = new Set<string>();
  refuses = false;
  readonly probe: DeliveryProbe;
  readonly stats = new ProbeStats(() => this.clock.now());
  /** Round trips, in milliseconds. */
  readonly trips: number[] = [];
  #travelMs = 0;

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
        if (!this.muted.has(channel)) this.clock.after(this.#travelMs, () => this.probe.heard(channel));
      },
      link: (channel) => this.links.get(channel),
      breakLink: (channel) => {
        this.broken.push(channel);
        this.links.delete(channel);
      },
      stats: this.stats,
      log: silentLog,
      clock: this.clock,
    });
  }

  /** Lets probes take that long, in milliseconds. */
  delay(ms: number): void {
    this.#travelMs = ms;
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
  const pass = (ms: number): Promise<void> => wires.clock.advance(ms);
  const state = (): unknown => [wires.probe.delivering, wires.broken];

  afterEach(() => wires.probe.close());

  it('reports deliveries while every probe returns', async () => {
    await begin(['a']);
    await pass(10 * TIMEOUT_MS);
    expect(wires.sent).to.have.length(40);
    expect(state()).to.deep.equal([true, []]);
  });

  it('records the round trip of each probe, and the number of failures', async () => {
    await begin(['a', 'b']);
    wires.delay(3);
    await pass(2 * INTERVAL_MS + 3);
    expect(wires.trips).to.deep.equal([3, 3]);
    expect([wires.stats.failures, wires.stats.lagMs]).to.deep.equal([0, 3]);

    wires.muted.add('a');
    await pass(1_000);
    expect(wires.stats.failures).to.be.above(0);
    expect(wires.stats.lagMs, 'of the one in flight').to.be.above(900);
    const { length } = wires.trips;
    wires.reconnect('a');
    await pass(4 * INTERVAL_MS);
    // The lost probe counts as failed, not as slow.
    expect(new Set(wires.trips.slice(length))).to.deep.equal(new Set([3]));
    expect(wires.stats.lagMs).to.be.below(INTERVAL_MS);
  });

  it('reports a lag also without a connection', async () => {
    await begin(['a']);
    await pass(2 * INTERVAL_MS);
    wires.links.delete('a');
    await pass(INTERVAL_MS);
    expect(wires.probe.delivering).to.equal(false);
    await pass(3 * INTERVAL_MS);
    expect(wires.stats.lagMs).to.equal(3 * INTERVAL_MS);
  });

  it('breaks the connection once when no probe returns in time, and recovers with the next one that does', async () => {
    await begin(['a']);
    wires.muted.add('a');
    await pass(INTERVAL_MS + TIMEOUT_MS - 1);
    expect(state()).to.deep.equal([true, []]);
    await pass(1);
    expect(state()).to.deep.equal([false, ['a']]);
    // Probes sent before do not count against the new connection.
    wires.links.set('a', {});
    await pass(TIMEOUT_MS);
    expect(state()).to.deep.equal([false, ['a']]);
    wires.reconnect('a');
    await pass(0);
    expect(state()).to.deep.equal([true, ['a']]);
  });

  it('breaks the new connection, too, if it delivers nothing', async () => {
    await begin(['a']);
    wires.muted.add('a');
    await pass(INTERVAL_MS + TIMEOUT_MS);
    expect(wires.broken).to.have.length(1);
    wires.links.set('a', {});
    await pass(INTERVAL_MS + TIMEOUT_MS);
    expect(wires.broken).to.have.length(2);
  });

  it('leaves a connection alone that is already reconnecting', async () => {
    await begin(['a']);
    wires.muted.add('a');
    await pass(INTERVAL_MS);
    wires.links.delete('a');
    await pass(3 * TIMEOUT_MS);
    expect(state()).to.deep.equal([false, []]);
    wires.reconnect('a');
    await pass(0);
    expect(state()).to.deep.equal([true, []]);
  });

  it('does not break the subscriber for probes that could not be sent', async () => {
    await begin(['a']);
    wires.refuses = true;
    await pass(INTERVAL_MS);
    expect(wires.probe.delivering).to.equal(false);
    wires.refuses = false;
    await pass(INTERVAL_MS);
    expect(state()).to.deep.equal([true, []]);
    await pass(10 * TIMEOUT_MS);
    expect(wires.broken).to.deep.equal([]);
  });

  it('tolerates a process that was busy for a long time', async () => {
    await begin(['a']);
    wires.delay(5);
    await pass(2 * INTERVAL_MS);
    // Answers of that time are read after the timers that are due.
    const answer = new Promise<void>((resolve) => {
      wires.clock.after(0, () => {
        wires.clock.freeze(3 * TIMEOUT_MS);
        setImmediate(() => resolve(wires.probe.heard('a')));
      });
    });
    await pass(10 * TIMEOUT_MS);
    await answer;
    expect(state()).to.deep.equal([true, []]);
  });

  it('probes all channels in turn, and silent ones each time', async () => {
    await begin(['a', 'b', 'c']);
    await pass(6 * INTERVAL_MS);
    expect(wires.sent).to.deep.equal(['a', 'b', 'c', 'a', 'b', 'c']);
    wires.muted.add('b');
    await pass(2 * INTERVAL_MS + TIMEOUT_MS);
    expect(state()).to.deep.equal([false, ['b']]);
    wires.links.set('b', {});
    wires.sent.length = 0;
    await pass(3 * INTERVAL_MS);
    expect(wires.sent.sort()).to.deep.equal(['a', 'b', 'b', 'b', 'c']);
    wires.reconnect('b');
    await pass(0);
    expect(wires.probe.delivering).to.equal(true);
  });

  it('retries subscriptions that failed at the start', async () => {
    wires = new Wires(['a', 'b']);
    wires.refuses = true;
    await wires.probe.start();
    expect(wires.probe.delivering).to.equal(false);
    wires.refuses = false;
    await pass(INTERVAL_MS);
    expect(wires.probe.delivering).to.equal(true);
    expect(wires.subscribed.sort()).to.deep.equal(['a', 'b']);
  });
});
