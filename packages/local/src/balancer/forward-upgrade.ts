import { once } from 'node:events';
import { type IncomingMessage, ServerResponse, request as send } from 'node:http';
import type { Socket } from 'node:net';

/** How long a tunnel that ends waits for data in flight and for the end of the other side, in milliseconds. */
const CLOSE_MS = 5_000;

/** How much a client may send before it is answered, in bytes; more waits in its connection. */
const EARLY_BYTES = 64 * 1024;

/**
 * Forwards a WebSocket upgrade to a process. If it answers 101, both connections become one tunnel. Any other answer
 * is forwarded and ends the client's connection: its next request may be for another process. A client that closes
 * its side before the answer has given up.
 *
 * @param head bytes that were read after the request
 * @returns whether the process has answered; if not, nothing was written to the client
 */
export async function forwardUpgrade(
  request: IncomingMessage,
  client: Socket,
  head: Buffer,
  upstream: Socket,
): Promise<boolean> {
  const giveUp = (): void => void upstream.destroy();
  const early = new EarlyBytes(client, head);
  client.once('end', giveUp);
  client.once('close', giveUp);
  if (client.readableEnded) giveUp();
  try {
    const outgoing = send({
      createConnection: () => upstream,
      path: request.url,
      headers: request.headers,
      setHost: false,
    });
    outgoing.on('error', giveUp);
    const answered = Promise.race([
      // Node does not report a connection that ends before Node has taken it over.
      new Promise<never>((_, reject) => upstream.once('close', () => reject(new Error('no answer')))),
      once(outgoing, 'upgrade') as Promise<[IncomingMessage, Socket, Buffer]>,
      once(outgoing, 'response') as Promise<[IncomingMessage]>,
    ]);
    outgoing.end();
    const [answer, , first] = await answered;
    const said = early.take();
    client.removeListener('end', giveUp);
    if (first === undefined) {
      passOn(answer, new ServerResponse(request), client);
    } else {
      client.removeListener('close', giveUp);
      client.write(headOf(answer), 'latin1');
      client.write(first);
      upstream.write(said);
      tunnel(client, upstream);
    }
    return true;
  } catch {
    upstream.destroy();
    return false;
  }
}

/** Reads what a client sends before it is answered; otherwise its end would not be noticed. */
class EarlyBytes {
  readonly #chunks: Buffer[];
  #size: number;

  constructor(
    private readonly client: Socket,
    head: Buffer,
  ) {
    this.#chunks = [head];
    this.#size = head.length;
    client.on('data', this.#read);
  }

  /** Stops reading and returns what was read. */
  take(): Buffer {
    this.client.removeListener('data', this.#read);
    this.client.pause();
    return Buffer.concat(this.#chunks);
  }

  readonly #read = (chunk: Buffer): void => {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size >= EARLY_BYTES) this.client.pause();
  };
}

function passOn(answer: IncomingMessage, response: ServerResponse, client: Socket): void {
  const { connection: _, 'keep-alive': __, ...headers } = answer.headers;
  // Drops what the client still sends: with unread data the system resets the connection, and the answer is lost.
  client.resume();
  response.assignSocket(client);
  response.writeHead(answer.statusCode ?? 502, { ...headers, connection: 'close' });
  answer.on('error', () => client.destroy());
  answer.pipe(response);
  response.once('finish', () => close(client));
}

function headOf({ statusMessage, rawHeaders }: IncomingMessage): string {
  let text = `HTTP/1.1 101 ${statusMessage}\r\n`;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    text += `${rawHeaders[index]}: ${rawHeaders[index + 1]}\r\n`;
  }
  return `${text}\r\n`;
}

/** Forwards bytes in both directions, at the speed of the reader. When one side ends, so does the other. */
function tunnel(client: Socket, upstream: Socket): void {
  for (const [from, to] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    from.setTimeout(0);
    from.pipe(to);
    from.on('error', () => from.destroy());
    from.once('end', () => close(to));
    from.once('close', () => close(to));
  }
}

/** Ends a connection when what was written to it has left, or after a deadline. */
function close(socket: Socket): void {
  if (socket.destroyed || socket.writableEnded) return;
  socket.end();
  const deadline = setTimeout(() => socket.destroy(), CLOSE_MS);
  socket.once('close', () => clearTimeout(deadline));
}
