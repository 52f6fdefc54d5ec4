import type { Logger } from '@chorus/service';
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
  /** Channels on which nothing arrives at present. */
  readonly #silent = new Set<string>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #interval: NodeJS.Timeout | undefined;
  #next = 0;

  constructor(private readonly parts: DeliveryProbeParts) {}

  /** False from a missed probe until one returns. */
  get delivering(): boolean {
    return this.#silent.size === 0;
  }

  /** Resolves when it is known which channels are subscribed; the others are retried. */
  async start(): Promise<void> {
    const { channels, intervalMs } = this.parts;
    this.#interval = setInterval(() => this.#tick(), intervalMs);
    await Promise.all(channels.map((channel) => this.#listen(channel)));
  }

  close(): void {
    clearInterval(this.#interval);
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  /** A probe has returned. */
  heard(channel: string): void {
    this.#heardAt.set(channel, performance.now());
    this.parts.stats?.heard(channel);
    this.#silent.delete(channel);
  }

  /** Probes at once: deliveries may have resumed. */
  recheck(): void {
    for (const channel of this.#silent) this.#probe(channel);
  }

  #tick(): void {
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
    try {
      await this.parts.subscribe(channel);
      this.#subscribed.add(channel);
      if (this.#silent.has(channel)) this.#probe(channel);
    } catch {
      this.#silent.add(channel);
    }
  }

  #probe(channel: string): void {
    const { publish, link, timeoutMs, stats } = this.parts;
    const sentAt = performance.now();
    const by = link(channel);
    stats?.sent(channel, by);
    if (by === undefined) {
      this.#silent.add(channel);
      stats?.failed();
      return;
    }
    const timer = setTimeout(() => {
      // After a standstill of this process, the arrivals of that time are read first.
      setImmediate(() => {
        if (this.#timers.delete(timer)) this.#judge(channel, sentAt, by);
      });
    }, timeoutMs);
    this.#timers.add(timer);
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
