import { createConnection } from 'node:net';
import { connect } from 'node:tls';
import { AbstractConnector, type RedisOptions, type StandaloneConnectionOptions } from 'ioredis';

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
 */
export function checkedConnector(check: ServerCheck): NonNullable<RedisOptions['Connector']> {
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

    override async connect(): Promise<Stream> {
      const { host = 'localhost', port = 6379, family, tls } = this.#options;
      const address = { host, port, ...(family === undefined ? {} : { family }) };
      this.connecting = true;
      check.onConnecting();
      const stream = tls === undefined ? createConnection(address) : connect({ ...address, ...tls });
      stream.once('error', (error) => {
        this.firstError = error;
      });
      this.stream = stream;
      return stream;
    }
  };
}

/** The library passes its own options, which its types do not declare. */
function isConnectionOptions(options: unknown): options is StandaloneConnectionOptions {
  return typeof options === 'object' && options !== null;
}
