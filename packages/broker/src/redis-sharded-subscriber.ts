import type { Logger } from '@chorus/service';
import calculateSlot from 'cluster-key-slot';
import type { Cluster, RedisOptions } from 'ioredis';
import { RedisSubscriber } from './redis-subscriber.js';

/** How often to look for the new owner of channels whose server is away, in milliseconds. */
const SEARCH_MS = 500;

export interface ShardedSubscriberOptions {
  /** Answers CLUSTER SLOTS. Not closed here. */
  cluster: Cluster;
  /** Any node's URL: user, password and TLS are taken from it for every node. */
  seedUrl: string;
  connection: RedisOptions;
  /** How long a command may go without an answer. */
  timeoutMs: number;
  onMessage(channel: string, payload: Buffer): void;
  /** Some channels may have missed messages; all that can be are subscribed again. */
  onResumed(): void;
  log: Logger;
}

/**
 * Sharded pub/sub over a Redis Cluster: one {@link RedisSubscriber} for each server that owns slots.
 * When slots move or a server is replaced, its channels follow to the new owner.
 */
export class RedisShardedSubscriber {
  readonly #servers = new Map<string, RedisSubscriber>();
  /** Which server (`host:port`) owns each slot. */
  #owners: string[] = [];
  #refreshing: Promise<void> | undefined;
  readonly #search: NodeJS.Timeout;

  constructor(private readonly options: ShardedSubscriberOptions) {
    this.#search = setInterval(() => {
      const searching = [...this.#servers.values()].some(
        (server) => !server.connected && server.channels.size > 0,
      );
      if (searching) this.#refreshSoon();
    }, SEARCH_MS);
  }

  get connected(): boolean {
    return [...this.#servers.values()].every((server) => server.connected);
  }

  async subscribe(channel: string): Promise<void> {
    if (this.#owners.length === 0) await this.#refresh();
    await this.#serverOf(channel).subscribe(channel);
  }

  async unsubscribe(channel: string): Promise<void> {
    for (const server of this.#servers.values()) {
      if (server.channels.has(channel)) await server.unsubscribe(channel);
    }
  }

  close(): void {
    clearInterval(this.#search);
    for (const server of this.#servers.values()) server.close();
  }

  #serverOf(channel: string): RedisSubscriber {
    const address = this.#owners[calculateSlot(channel)];
    if (address === undefined) throw new Error(`no server owns the slot of ${channel}`);
    let server = this.#servers.get(address);
    if (server === undefined) {
      const url = new URL(this.options.seedUrl);
      const colon = address.lastIndexOf(':');
      const { connection, timeoutMs, onMessage, onResumed, log } = this.options;
      server = new RedisSubscriber(
        url.href,
        { ...connection, host: address.slice(0, colon), port: Number(address.slice(colon + 1)) },
        timeoutMs,
        { sharded: true, onMessage, onResumed, onMoved: () => this.#refreshSoon(), log },
      );
      this.#servers.set(address, server);
    }
    return server;
  }

  #refreshSoon(): void {
    this.#refresh().catch((error: unknown) => {
      this.options.log.debug({ error: String(error) }, 'cluster slots are not known');
    });
  }

  /** Reads who owns which slot and moves channels accordingly. Calls under way are shared. */
  #refresh(): Promise<void> {
    this.#refreshing ??= this.#readOwners().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #readOwners(): Promise<void> {
    const owners: string[] = [];
    for (const [from, to, master] of await this.options.cluster.cluster('SLOTS')) {
      if (master === undefined) continue;
      const [host, port] = master;
      for (let slot = from; slot <= to; slot++) owners[slot] = `${host}:${port}`;
    }
    this.#owners = owners;
    await this.#moveChannels();
  }

  async #moveChannels(): Promise<void> {
    const moves: Promise<void>[] = [];
    for (const [address, server] of this.#servers) {
      for (const channel of [...server.channels]) {
        const owner = this.#owners[calculateSlot(channel)];
        if (owner === undefined || owner === address) continue;
        server.forget(channel);
        moves.push(this.#serverOf(channel).subscribe(channel));
      }
      if (server.channels.size === 0 && !this.#owners.includes(address)) {
        server.close();
        this.#servers.delete(address);
      }
    }
    if (moves.length === 0) return;
    await Promise.all(moves);
    this.options.onResumed();
  }
}
