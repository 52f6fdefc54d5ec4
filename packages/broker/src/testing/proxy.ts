import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Closeable } from '@chorus/service';

/**
 * A proxy between Redis and its clients. A test can withhold deliveries from subscribers, and lead new connections to
 * another server.
 */
export class RedisProxy implements Closeable {
  /** Connected subscribers to which nothing is forwarded. */
  readonly #muted = new Set<Socket>();
  readonly #subscribers = new Set<Socket>();
  readonly #sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    readonly url: string,
    private target: number,
  ) {}

  static async start(port: number): Promise<RedisProxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const proxy = new RedisProxy(server, `redis://127.0.0.1:${address.port}`, port);
    server.on('connection', (client) => proxy.#join(client));
    return proxy;
  }

  get subscribers(): number {
    return this.#subscribers.size;
  }

  /**
   * Withholds published messages from the present subscribers; other replies pass. Later subscribers receive
   * everything.
   */
  mute(): void {
    for (const subscriber of this.#subscribers) this.#muted.add(subscriber);
  }

  /** Leads later connections to the server on that port; open ones stay. */
  moveTo(port: number): void {
    this.target = port;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.server.close();
  }

  #join(client: Socket): void {
    const upstream = connect(this.target, '127.0.0.1');
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        this.#subscribers.delete(socket);
        other.destroy();
      });
    }
    client.on('data', (data) => {
      if (data.includes('broker-subscriber')) this.#subscribers.add(client);
      upstream.write(data);
    });
    upstream.on('data', (data) => {
      if (!this.#muted.has(client) || !data.includes('$7\r\nmessage\r\n')) client.write(data);
    });
  }
}
