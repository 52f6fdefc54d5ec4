import type { Logger } from '@chorus/service';
import type { ProbeStats } from './probe-stats.js';

export interface DeliveryProbeParts {
  /** Channels that only this node listens to, and nobody else publishes to. */
  channels: readonly string[];
  /** How often a probe is sent, in milliseconds. */
  intervalMs: number;
  /** How long it may take to come back, in milliseconds. */
  timeoutMs: number;
  subscribe(channel: string): Promise<void>;
  publish(channel: string): Promise<unknown>;
  /** Stands for the connection by which deliveries of a channel come; undefined while there is none. */
  link(channel: string): object | undefined;
  /** Breaks that connection; it is made anew by itself. */
  breakLink(channel: string): void;
  stats?: ProbeStats | undefined;
  log: Logger;
}

/**
 * Finds out whether deliveries really come: the node sends itself messages, the same way that those of rooms
 * go. A connection that is open proves nothing; neither does a server that answers on another one.
 *
 * With several channels one is probed after the other, and those that did not come back each time.
 */
export class DeliveryProbe {
  readonly #subscribed = new Set<string>();
  readonly #heardAt = new Map<string, number>();
  /** Channels on which nothing comes back at the moment. */
  readonly #silent = new Set<string>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #interval: NodeJS.Timeout | undefined;
  #next = 0;

  constructor(private readonly parts: DeliveryProbeParts) {}

  /** False from when a probe was missed until one comes back. */
  get delivering(): boolean {
    return this.#silent.size === 0;
  }

  /** Resolves when it is known which channels can be listened to; the others are tried again and again. */
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

  /** Something has come back. */
  heard(channel: string): void {
    this.#heardAt.set(channel, performance.now());
    this.parts.stats?.heard(channel);
    this.#silent.delete(channel);
  }

  /** Deliveries may flow again: no need to wait for the next turn to know. */
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
      // When this process was busy for long, what has come meanwhile is read before that.
      setImmediate(() => {
        if (this.#timers.delete(timer)) this.#judge(channel, sentAt, by);
      });
    }, timeoutMs);
    this.#timers.add(timer);
    // When it could not be sent, the next one tells. What could not be sent in all that time is silence.
    publish(channel).catch(() => this.#silent.add(channel));
  }

  #judge(channel: string, sentAt: number, by: object): void {
    if ((this.#heardAt.get(channel) ?? 0) >= sentAt) return;
    this.#silent.add(channel);
    this.parts.stats?.failed();
    // Else it was noticed otherwise, and the probe had no chance.
    if (this.parts.link(channel) !== by) return;
    this.parts.log.warn('nothing is delivered any more: redis subscriber connection is made anew');
    this.parts.breakLink(channel);
  }
}
