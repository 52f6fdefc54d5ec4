import type { SentinelConfig, ServerAddress } from './client.js';
import { Sentinels } from './sentinels.js';

/** Interval at which Sentinels are asked whether another server is the primary, in milliseconds. Part of the two seconds of a failover. */
const FOLLOW_MS = 500;

/** One connection to the primary. */
export interface PrimaryConnection {
  /**
   * Returns the address to connect to.
   * @throws {NoPrimaryError}
   */
  locate(): Promise<ServerAddress>;
  /** False if the server that {@link locate} returned last is not the primary any more, as far as this process knows. */
  readonly isCurrent: boolean;
  /**
   * Resolves when the Sentinels were asked again; {@link isCurrent} is then up to date. A connection attempt can take longer than a failover,
   * and a process that was stopped does not know for how long.
   * @throws {NoPrimaryError}
   */
  confirm(): Promise<void>;
  /** The connection is closed for good. */
  end(): void;
}

/**
 * The server that the Sentinels name as primary. All connections of a process share this object, so they change servers together: after the
 * decision none of them uses the former primary, which may go on as one without knowing of the failover.
 */
export class Primary {
  readonly #sentinels: Sentinels;
  readonly #connections = new Map<PrimaryConnection, () => void>();
  readonly #timer: NodeJS.Timeout;
  #current: ServerAddress | undefined;
  #asking: Promise<ServerAddress> | undefined;

  /** @param onUnused called when the last connection has ended; the object is of no use then */
  constructor(
    config: SentinelConfig,
    private readonly onUnused: () => void,
  ) {
    this.#sentinels = new Sentinels(config);
    // A primary that works stays in use while no Sentinel answers.
    this.#timer = setInterval(() => void this.#ask().catch(() => undefined), FOLLOW_MS).unref();
  }

  /** @param leave ends the connection at once, and opens a new one; called when another server becomes the primary */
  open(leave: () => void): PrimaryConnection {
    let located: ServerAddress | undefined;
    const primary = this;
    const connection: PrimaryConnection = {
      async locate() {
        located = await primary.#ask();
        return located;
      },
      get isCurrent() {
        return located === undefined || located === primary.#current;
      },
      async confirm() {
        await primary.#askAnew();
      },
      end() {
        primary.#connections.delete(connection);
        if (primary.#connections.size > 0) return;
        clearInterval(primary.#timer);
        primary.#sentinels.close();
        primary.onUnused();
      },
    };
    this.#connections.set(connection, leave);
    return connection;
  }

  /** Asks after the question that is being answered, which may be older than the caller's. */
  async #askAnew(): Promise<void> {
    await this.#asking?.catch(() => undefined);
    await this.#ask();
  }

  /** Concurrent calls share one question. */
  #ask(): Promise<ServerAddress> {
    this.#asking ??= this.#sentinels
      .primary()
      .then((named) => this.#decide(named))
      .finally(() => {
        this.#asking = undefined;
      });
    return this.#asking;
  }

  #decide(named: ServerAddress): ServerAddress {
    const before = this.#current;
    if (before?.host === named.host && before.port === named.port) return before;
    this.#current = named;
    for (const [connection, leave] of this.#connections) if (!connection.isCurrent) leave();
    return named;
  }
}
