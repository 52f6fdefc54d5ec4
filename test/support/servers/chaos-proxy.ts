import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Transform } from 'node:stream';

/** A TCP connection through the proxy, and what can happen to it. */
export interface ProxiedConnection {
  /** Ends it on both sides, at once and without a word. */
  cut(): void;
  /** What comes from now on takes so much longer, in milliseconds, either way. In order, as ever. */
  delay(ms: number): void;
  /** Nothing goes through any more, and neither side is told. */
  freeze(): void;
}

/** A network between clients and servers that can be made worse, connection by connection. */
export class ChaosProxy {
  readonly #server = createServer({ noDelay: true }, (client) => this.#take(client));
  readonly #open = new Set<ProxiedConnection>();
  /** How many connections there have been. */
  taken = 0;
  /** Connections that come from now on are taken, but nothing goes through. */
  silent = false;

  /** @param target where everything goes, as `http://host:port` */
  static async start(target: string): Promise<ChaosProxy> {
    const proxy = new ChaosProxy(new URL(target));
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  private constructor(private readonly target: URL) {}

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Those that are open, oldest first. */
  get connections(): ProxiedConnection[] {
    return [...this.#open];
  }

  async close(): Promise<void> {
    this.#server.close();
    for (const connection of this.#open) connection.cut();
    await once(this.#server, 'close');
  }

  #take(client: Socket): void {
    this.taken++;
    const server = connect({ host: this.target.hostname, port: Number(this.target.port), noDelay: true });
    const lanes = [new Lane(), new Lane()] as const;
    const connection: ProxiedConnection = {
      cut: () => {
        this.#open.delete(connection);
        for (const part of [client, server, ...lanes]) part.destroy();
      },
      delay: (ms) => {
        for (const lane of lanes) lane.delayMs = ms;
      },
      freeze: () => {
        for (const socket of [client, server]) socket.unpipe().pause();
        for (const lane of lanes) lane.unpipe();
      },
    };
    this.#open.add(connection);
    for (const socket of [client, server]) {
      socket.on('error', connection.cut);
      socket.on('close', connection.cut);
    }
    client.pipe(lanes[0]).pipe(server);
    server.pipe(lanes[1]).pipe(client);
    if (this.silent) connection.freeze();
  }
}

/** Passes on what it gets, after a while. What comes meanwhile does not wait behind it: that would be a narrow line, not a long one. */
class Lane extends Transform {
  delayMs = 0;
  readonly #underWay: Buffer[] = [];
  #onEmpty: (() => void) | undefined;

  override _transform(chunk: Buffer, _encoding: string, done: (error?: null, chunk?: Buffer) => void): void {
    if (this.delayMs === 0 && this.#underWay.length === 0) done(null, chunk);
    else {
      this.#underWay.push(chunk);
      setTimeout(() => this.#arrive(), this.delayMs);
      done();
    }
  }

  override _flush(done: () => void): void {
    if (this.#underWay.length === 0) done();
    else this.#onEmpty = done;
  }

  /** One for each chunk: in order, also when the delay has changed. */
  #arrive(): void {
    const chunk = this.#underWay.shift();
    if (this.destroyed) return;
    this.push(chunk);
    if (this.#underWay.length === 0) this.#onEmpty?.();
  }
}
