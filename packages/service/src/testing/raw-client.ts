import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A connection on which tests write raw bytes and read the answers. */
export class RawClient {
  text = '';
  #wake: () => void = () => undefined;
  readonly closed: Promise<void>;

  private constructor(readonly socket: Socket) {
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      this.text += chunk;
      this.#wake();
    });
    socket.on('error', () => undefined);
    socket.on('end', () => this.#wake());
    socket.on('close', () => this.#wake());
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
  }

  static async open(url: string): Promise<RawClient> {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    const client = new RawClient(socket);
    await once(socket, 'connect');
    return client;
  }

  /** @param lines lines of the head, without the empty last one */
  send(lines: readonly string[], body = ''): this {
    this.socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`, 'latin1');
    return this;
  }

  /** Resolves when the received text contains this. @throws {Error} the connection ends before */
  async until(part: string): Promise<string> {
    while (!this.text.includes(part)) {
      if (this.socket.readableEnded || this.socket.destroyed) throw new Error(`ended with: ${this.text}`);
      await this.#change();
    }
    return this.text;
  }

  /** Resolves with all received text when the server has ended the connection. */
  async end(): Promise<string> {
    while (!this.socket.readableEnded && !this.socket.destroyed) await this.#change();
    this.socket.destroy();
    return this.text;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** Sends a request whose answer ends the connection, and resolves with the answer. */
  static async ask(url: string, lines: readonly string[], body = ''): Promise<string> {
    return (await RawClient.open(url)).send(lines, body).end();
  }
}

/** Returns the status of the first answer in the text. */
export const statusOf = (text: string): number => Number(/^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1]);

/** Returns the number of TCP connections of this process; a connection to itself counts twice. */
export const openSockets = (): number =>
  process.getActiveResourcesInfo().filter((resource) => resource === 'TCPSocketWrap').length;

/** Resolves with the number of open TCP connections when it is at most this. */
export async function untilSockets(most: number): Promise<number> {
  const deadline = Date.now() + 20_000;
  while (openSockets() > most && Date.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 20));
  return openSockets();
}
