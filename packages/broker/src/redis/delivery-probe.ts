import { type Clock, type Logger, systemClock } from '@chorus/service';
import type { ProbeStats } from './probe-stats.js';

export interface DeliveryProbeParts {
  /** Channels on which only this node subscribes and publishes. */
  channels: readonly string[];
  /** Interval between probes, in milliseconds. */
  intervalMs: number;
  /** Timeout of a probe, in milliseconds. */
  timeoutMs: number;
  subscribe(channel: string): Promise<void>;
  publish(channel: string): Promise<unknown>;
  /** Identifies the connection that delivers a channel; undefined while there is none. */
  link(channel: string): object | undefined;
  /** Closes that connection; it reconnects by itself. */
  breakLink(channel: string): void;
  stats?: ProbeStats | undefined;
  clock?: Clock;
  log: Logger;
}

/**
 * Checks that deliveries arrive: the node sends itself messages, on the path of room messages. An open connection
 * proves nothing, and neither does a server that answers on another connection.
 *
 * Of several channels, one is probed after the other, and those that are silent each time.
 */
export class DeliveryProbe {
  readonly #subscribed = new Set<string>();
  readonly #heardAt = new Map<string, number>();
  /** Channels whose subscription is in progress. */
  readonly #listening = new Set<string>();
  /** Channels on which nothing arrives at present. */
  readonly #silent = new Set<string>();
  /** Cancel the judgements of probes in flight. */
  readonly #judgements = new Set<() => void>();
  readonly #clock: Clock;
  #cancelTick: (() => void) | undefined;
  #next = 0;

  constructor(private readonly parts: DeliveryProbeParts) {
    this.#clock = parts.clock ?? systemClock;
  }

  /** False from a missed probe until one returns. */
  get delivering(): boolean {
    return this.#silent.size === 0;
  }

  /** Resolves when it is known which channels are subscribed; the others are retried. */
  async start(): Promise<void> {
    this.#waitForTick();
    await Promise.all(this.parts.channels.map((channel) => this.#listen(channel)));
  }

  close(): void {
    this.#cancelTick?.();
    for (const cancel of this.#judgements) cancel();
    this.#judgements.clear();
  }

  /** A probe has returned. */
  heard(channel: string): void {
    this.#heardAt.set(channel, this.#clock.now());
    this.parts.stats?.heard(channel);
    this.#silent.delete(channel);
  }

  /** Probes at once: deliveries may have resumed. */
  recheck(): void {
    for (const channel of this.#silent) this.#probe(channel);
  }

  #waitForTick(): void {
    this.#cancelTick = this.#clock.after(this.parts.intervalMs, () => this.#tick());
  }

  #tick(): void {
    this.#waitForTick();
    const { channels } = this.parts;
    const channel = channels[this.#next++ % channels.length];
    const due = new Set(this.#silent);
    if (channel !== undefined) due.add(channel);
    for (const each of due) {
      if (this.#subscribed.has(each)) this.#probe(each);
      else void this.#listen(each);
    }
  }

  async #listen(channel: string): Promise<void> {
    if (this.#listening.has(channel)) return;
    this.#listening.add(channel);
    try {
      await this.parts.subscribe(channel);
      this.#subscribed.add(channel);
      if (this.#silent.has(channel)) this.#probe(channel);
    } catch {
      this.#silent.add(channel);
    } finally {
      this.#listening.delete(channel);
    }
  }

  #probe(channel: string): void {
    const { publish, link, timeoutMs, stats } = this.parts;
    const sentAt = this.#clock.now();
    const by = link(channel);
    stats?.sent(channel, by);
    if (by === undefined) {
      this.#silent.add(channel);
      stats?.failed();
      return;
    }
    const cancel = this.#clock.after(timeoutMs, () => {
      // After a standstill of this process, the arrivals of that time are read first.
      setImmediate(() => {
        if (this.#judgements.delete(cancel)) this.#judge(channel, sentAt, by);
      });
    });
    this.#judgements.add(cancel);
    // A failure to send is detected by the next probe. A channel on which sending fails all that time is silent.
    publish(channel).catch(() => this.#silent.add(channel));
  }

  #judge(channel: string, sentAt: number, by: object): void {
    if ((this.#heardAt.get(channel) ?? 0) >= sentAt) return;
    this.#silent.add(channel);
    this.parts.stats?.failed();
    // The connection was replaced meanwhile, and the probe was lost with it.
    if (this.parts.link(channel) !== by) return;
    this.parts.log.warn('nothing is delivered any more: reconnecting the redis subscriber');
    this.parts.breakLink(channel);
  }
}
