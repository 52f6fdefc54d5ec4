import calculateSlot from 'cluster-key-slot';
import type { Cluster } from 'ioredis';
import { RedisSubscriber, SlotMovedError, type SubscriberOptions } from './subscriber.js';

/** Interval at which the owners of slots are read, in milliseconds: not every move is announced. */
const REFRESH_MS = 1_000;

interface SlotRange {
  from: number;
  to: number;
  /** `host:port` of the owner. */
  address: string;
}

/**
 * Sharded pub/sub over a Redis Cluster: one {@link RedisSubscriber} per server that owns slots. When slots move or a
 * server is replaced, their channels follow to the new owner.
 */
export class RedisShardedSubscriber {
  readonly #servers = new Map<string, RedisSubscriber>();
  /** Every wanted channel, and the subscriber that has it; undefined while none does. */
  readonly #places = new Map<string, RedisSubscriber | undefined>();
  /** Channels that are moving to another server. */
  readonly #moves = new Map<string, Promise<boolean>>();
  #ranges: SlotRange[] = [];
  /** Whether a channel may be on the wrong server. */
  #unsettled = false;
  #closed = false;
  #refreshing: Promise<void> | undefined;
  readonly #timer: NodeJS.Timeout;

  /**
   * @param cluster knows the owners of the slots; not closed here
   * @param options user, password and TLS of the URL apply to every server
   */
  constructor(
    private readonly cluster: Cluster,
    private readonly options: Omit<SubscriberOptions, 'sharded' | 'onMoved'>,
  ) {
    this.#timer = setInterval(() => this.#refreshSoon(), REFRESH_MS);
  }

  get connected(): boolean {
    return [...this.#servers.values()].every((server) => server.connected);
  }

  /** See {@link RedisSubscriber.link}; undefined also while no server has the channel. */
  link(channel: string): object | undefined {
    return this.#places.get(channel)?.link();
  }

  /** Breaks the connection to the server that has the channel. */
  breakLink(channel: string): void {
    this.#places.get(channel)?.breakLink();
  }

  async subscribe(channel: string): Promise<void> {
    if (this.#ranges.length === 0) await this.#refresh();
    try {
      await this.#place(channel);
    } catch (error) {
      if (!(error instanceof SlotMovedError)) throw error;
      await this.#refresh();
      await this.#place(channel);
    }
  }

  async unsubscribe(channel: string): Promise<void> {
    // A later subscription could overtake commands to two servers.
    while (this.#moves.has(channel)) await this.#moves.get(channel);
    const server = this.#places.get(channel);
    this.#places.delete(channel);
    await server?.unsubscribe(channel);
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#places.clear();
    for (const server of this.#servers.values()) server.close();
  }

  async #place(channel: string): Promise<void> {
    const server = this.#ownerOf(channel);
    if (server === undefined) throw new Error(`no server owns the slot of ${channel}`);
    await server.subscribe(channel);
    this.#places.set(channel, server);
    // The slot may have moved meanwhile, and the refresh that noticed did not know this channel.
    if (this.#ownerOf(channel) !== server) this.#unsettled = true;
  }

  #ownerOf(channel: string): RedisSubscriber | undefined {
    const slot = calculateSlot(channel);
    const address = this.#ranges.find(({ from, to }) => from <= slot && slot <= to)?.address;
    if (address === undefined || this.#closed) return undefined;
    let server = this.#servers.get(address);
    if (server === undefined) {
      const url = new URL(this.options.server.urls[0] ?? '');
      url.host = address;
      server = new RedisSubscriber({
        ...this.options,
        server: { ...this.options.server, urls: [url.href] },
        sharded: true,
        onMoved: () => this.#refreshSoon(),
      });
      this.#servers.set(address, server);
    }
    return server;
  }

  #refreshSoon(): void {
    this.#refresh().catch((error: unknown) => {
      this.options.log.debug({ error: String(error) }, 'the owners of cluster slots could not be read');
    });
  }

  /** Reads the owners of slots and moves channels accordingly. Concurrent calls share one run. */
  #refresh(): Promise<void> {
    this.#refreshing ??= this.#readRanges()
      .then((changed) => (changed || this.#unsettled ? this.#moveChannels() : undefined))
      .finally(() => {
        this.#refreshing = undefined;
      });
    return this.#refreshing;
  }

  /** @returns whether something has changed */
  async #readRanges(): Promise<boolean> {
    const ranges: SlotRange[] = [];
    for (const [from, to, master] of await this.cluster.cluster('SLOTS')) {
      const [host, port] = master ?? [];
      if (!host) continue;
      ranges.push({ from, to, address: `${host.includes(':') ? `[${host}]` : host}:${port}` });
    }
    const changed = JSON.stringify(ranges) !== JSON.stringify(this.#ranges);
    this.#ranges = ranges;
    return changed;
  }

  async #moveChannels(): Promise<void> {
    this.#unsettled = false;
    for (const [channel, from] of this.#places) {
      if (this.#moves.has(channel)) continue;
      const to = this.#ownerOf(channel);
      if (to === from) continue;
      const move = this.#move(channel, from, to).finally(() => this.#moves.delete(channel));
      this.#moves.set(channel, move);
    }
    for (const [address, server] of this.#servers) {
      if (this.#ranges.some((range) => range.address === address)) continue;
      this.#servers.delete(address);
      server.close();
    }
    const moved = await Promise.all(this.#moves.values());
    if (moved.includes(true)) this.options.onResumed();
  }

  /** Moves a channel. A failure is retried at the next refresh. */
  async #move(
    channel: string,
    from: RedisSubscriber | undefined,
    to: RedisSubscriber | undefined,
  ): Promise<boolean> {
    this.#places.set(channel, undefined);
    // The former owner may still run as a replica of the new one, and deliver.
    from?.unsubscribe(channel).catch(() => undefined);
    try {
      if (to === undefined) throw new Error('no server owns its slot');
      await to.subscribe(channel);
      this.#places.set(channel, to);
      return true;
    } catch (error) {
      this.#unsettled = true;
      this.options.log.debug({ channel, error: String(error) }, 'channel could not be moved yet');
      return false;
    }
  }
}
