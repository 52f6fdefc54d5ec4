import type { Logger } from '@chorus/service';
import type { SentinelConfig } from './client.js';
import { RedisLink } from './link.js';
import { Primary } from './primary.js';
import { REFUSALS } from './refusals.js';

/** State of all connections to Redis by purpose: plain numbers for metrics, and a reason for `/readyz`. */
export class RedisWatch {
  readonly #links = new Map<string, Set<RedisLink>>();
  /** By the name and the addresses of their Sentinels. */
  readonly #primaries = new Map<string, Primary>();
  readonly #errors = new Map<string, number>();
  readonly #refusals = new Map<string, number>(REFUSALS.map((code) => [code, 0]));

  /** Watches a connection, from its attachment until it is closed for good. Several connections may share a purpose. */
  open(purpose: string, log: Logger): RedisLink {
    const links = this.#links.get(purpose) ?? new Set();
    this.#links.set(purpose, links);
    this.#errors.set(purpose, this.#errors.get(purpose) ?? 0);
    const link = new RedisLink({
      purpose,
      log,
      onClosed: () => this.#errors.set(purpose, (this.#errors.get(purpose) ?? 0) + 1),
      onRefused: (code) => this.#refusals.set(code, (this.#refusals.get(code) ?? 0) + 1),
      onMisled: () => this.#abandon(({ runId }) => runId === link.runId, link),
      onIdentified: () => this.#abandon(({ runId }) => runId !== link.runId, link),
      primaryOf: (sentinel) => this.#primaryOf(sentinel),
      onEnded: () => links.delete(link),
    });
    links.add(link);
    return link;
  }

  /** Whether all connections of a purpose answer commands, 1 or 0. */
  get connected(): Record<string, number> {
    const state = ([purpose, links]: [string, Set<RedisLink>]): [string, number] => {
      const all = [...links];
      return [purpose, all.length > 0 && all.every(({ ready }) => ready) ? 1 : 0];
    };
    return Object.fromEntries([...this.#links].map(state));
  }

  /** Connections that broke, and failed attempts to connect, since the start. */
  get errors(): Record<string, number> {
    return Object.fromEntries(this.#errors);
  }

  /** Replies with which Redis refused to work since the start, by their codes, such as `READONLY`. */
  get refusals(): Record<string, number> {
    return Object.fromEntries(this.#refusals);
  }

  /**
   * Why Redis does not work at present, as predicate of "Redis"; undefined while it works.
   * @param purposes connections to consider; all if empty
   */
  trouble(...purposes: string[]): string | undefined {
    for (const [purpose, links] of this.#links) {
      if (purposes.length > 0 && !purposes.includes(purpose)) continue;
      for (const { trouble } of links) if (trouble !== undefined) return trouble;
    }
    return undefined;
  }

  /**
   * Opens connections again that lead to a server process: subscribers cannot detect by themselves that it is the wrong one. Connections that
   * lead to different processes would be at a primary and at the one before, so the newest one decides.
   * @param except stays as it is
   */
  #abandon(matches: (link: RedisLink) => boolean, except: RedisLink): void {
    if (except.runId === undefined) return;
    for (const links of this.#links.values()) {
      for (const link of links) {
        if (link !== except && link.runId !== undefined && matches(link)) link.abandon();
      }
    }
  }

  #primaryOf(sentinel: SentinelConfig): Primary {
    const key = JSON.stringify([sentinel.name, sentinel.addresses]);
    let primary = this.#primaries.get(key);
    if (primary === undefined) {
      primary = new Primary(sentinel, () => this.#primaries.delete(key));
      this.#primaries.set(key, primary);
    }
    return primary;
  }
}
