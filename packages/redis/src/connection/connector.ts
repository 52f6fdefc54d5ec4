import { createConnection } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { AbstractConnector, type RedisOptions, type StandaloneConnectionOptions } from 'ioredis';
import type { ServerAddress } from './client.js';
import { retryDelayMs } from './retry-delay.js';
import { serverName } from './tls.js';

type Stream = Awaited<ReturnType<AbstractConnector['connect']>>;

/** Decides whether a new connection leads to a usable server. */
export interface ServerCheck {
  /** Called when a connection attempt begins. */
  onConnecting(): void;
  /**
   * Called when the server has answered the first commands, `INFO` among them.
   * @param info empty if the user may not run `INFO`
   * @returns false to close the connection and open another one
   */
  accepts(info: Readonly<Record<string, string>>): boolean;
}

/**
 * Connects to a single server as the library does, and lets the check accept or refuse the server. Each connection
 * attempt resolves the host name again.
 *
 * @param locate returns the address of the server; undefined for that of the URL. Called until it succeeds
 */
export function checkedConnector(
  check: ServerCheck,
  locate?: () => Promise<ServerAddress>,
): NonNullable<RedisOptions['Connector']> {
  return class extends AbstractConnector {
    readonly #options: StandaloneConnectionOptions;

    constructor(options: unknown) {
      const known = isConnectionOptions(options) ? options : {};
      super(known.disconnectTimeout ?? 0);
      this.#options = known;
    }

    override check(info: Readonly<Record<string, string>>): boolean {
      return check.accepts(info);
    }

    override async connect(emit: (type: string, error: Error) => void): Promise<Stream> {
      const { host = 'localhost', port = 6379, family, tls } = this.#options;
      this.connecting = true;
      check.onConnecting();
      // Without a wait where none is needed: a connection that is ended meanwhile would be opened nevertheless.
      const located = locate === undefined ? undefined : await this.#locate(locate, emit);
      const address = { ...(located ?? { host, port }), ...(family === undefined ? {} : { family }) };
      const stream =
        tls === undefined
          ? createConnection(address)
          : connect({ ...address, ...tls, ...(located === undefined ? {} : serverName(located.host)) });
      stream.once('error', (error) => {
        this.firstError = error;
      });
      this.stream = stream;
      return stream;
    }

    /** The library would not try again after an error. */
    async #locate(
      server: () => Promise<ServerAddress>,
      emit: (type: string, error: Error) => void,
    ): Promise<ServerAddress> {
      for (let attempt = 1; this.connecting; attempt++) {
        try {
          const address = await server();
          if (this.connecting) return address;
        } catch (error) {
          emit('error', error instanceof Error ? error : new Error(String(error)));
          await sleep(retryDelayMs(attempt));
        }
      }
      // As the library words it.
      throw new Error('Connection is closed.');
    }
  };
}

/** The library passes its own options, which its types do not declare. */
function isConnectionOptions(options: unknown): options is StandaloneConnectionOptions {
  return typeof options === 'object' && options !== null;
}
