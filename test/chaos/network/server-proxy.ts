import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { Lane } from './lane.js';
import type { Trouble } from './trouble.js';

interface Connection {
  readonly lanes: readonly Lane[];
  /** Ends it on both sides, at once and without a close handshake. */
  reset(): void;
  /** Passes on the end of one side, unless the trouble hides it. */
  settle(): void;
}

/** The proxy between one process and one server, on a port of its own. */
export class ServerProxy {
  readonly #connections = new Set<Connection>();
  #server: Server | undefined;
  #port = 0;
  #trouble: Trouble | undefined;

  /** @param target returns the server's port for a new connection */
  constructor(private readonly target: () => number) {}

  /** @returns its port */
  async open(): Promise<number> {
    const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => this.#take(client));
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
    return this.#port;
  }

  /** @param trouble undefined ends the previous one */
  async set(trouble: Trouble | undefined): Promise<void> {
    this.#trouble = trouble;
    for (const connection of this.#connections) {
      for (const lane of connection.lanes) lane.set(trouble);
      connection.settle();
    }
    if (trouble?.kind === 'refusing') {
      this.#server?.close();
      this.#server = undefined;
      this.reset();
    } else if (this.#server === undefined) await this.open();
  }

  /** Ends all its connections. */
  reset(): void {
    for (const connection of this.#connections) connection.reset();
  }

  #take(client: Socket): void {
    const server = connect({
      ...{ host: '127.0.0.1', port: this.target(), noDelay: true, allowHalfOpen: true },
    });
    const reset = (): void => {
      this.#connections.delete(connection);
      for (const lane of lanes) lane.stop();
      for (const socket of [client, server]) socket.resetAndDestroy();
    };
    const lanes = [new Lane(client, server, 'requests', reset), new Lane(server, client, 'answers', reset)];
    const connection: Connection = {
      lanes,
      reset,
      settle: () => {
        if ((client.destroyed || server.destroyed) && !lanes.some(({ silent }) => silent)) reset();
      },
    };
    this.#connections.add(connection);
    for (const socket of [client, server]) {
      socket.on('error', () => {});
      socket.on('close', connection.settle);
    }
    for (const lane of lanes) lane.set(this.#trouble);
  }
}
