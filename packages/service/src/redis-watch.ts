import type { RedisClient } from './redis-client.js';

/** How the connections to Redis are, by what they are for; plain numbers, for metrics. */
export class RedisWatch {
  readonly #clients = new Map<string, Set<RedisClient>>();
  readonly #errors = new Map<string, number>();

  /** Looks after a connection until it is closed for good. Several may have the same purpose. */
  watch(purpose: string, client: RedisClient): void {
    const clients = this.#clients.get(purpose) ?? new Set();
    this.#clients.set(purpose, clients.add(client));
    this.#errors.set(purpose, this.#errors.get(purpose) ?? 0);
    // Not 'error': a connection that the other side closes ends without one.
    client.on('close', () => this.#errors.set(purpose, (this.#errors.get(purpose) ?? 0) + 1));
    client.once('end', () => clients.delete(client));
  }

  /** 1 for a purpose whose connections all answer commands, else 0. */
  get connected(): Record<string, number> {
    const state = ([purpose, clients]: [string, Set<RedisClient>]): [string, number] => {
      const all = [...clients];
      return [purpose, all.length > 0 && all.every((client) => client.status === 'ready') ? 1 : 0];
    };
    return Object.fromEntries([...this.#clients].map(state));
  }

  /** Connections that broke or could not be made, and each attempt that failed, since the start. */
  get errors(): Record<string, number> {
    return Object.fromEntries(this.#errors);
  }
}
