import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import type { ServerFrame } from '@chorus/protocol';
import { WebSocket } from 'ws';

/** The server answered the upgrade with an HTTP status of its own. */
export class UpgradeRefused extends Error {
  constructor(
    readonly status: number,
    readonly body: unknown,
    readonly headers: IncomingHttpHeaders = {},
  ) {
    super(`upgrade refused with ${status}: ${JSON.stringify(body)}`);
  }
}

export interface SocketEnd {
  code: number;
  reason: string;
}

const TIMEOUT_MS = 5_000;

/** A client of the seed socket that remembers everything it received. */
export class SeedClient {
  /** All frames, in the order in which they came. */
  readonly frames: ServerFrame[] = [];
  /** How the socket ended. Never rejects. */
  readonly ended: Promise<SocketEnd>;
  readonly #waiting = new Set<() => void>();
  #seen = 0;

  constructor(readonly socket: WebSocket) {
    socket.on('message', (data) => {
      this.frames.push(JSON.parse(String(data)) as ServerFrame);
      for (const check of [...this.#waiting]) check();
    });
    // The end is told by 'close'; a socket that breaks says 'error' first.
    socket.on('error', () => {});
    this.ended = once(socket, 'close').then(([code, reason]) => ({ code, reason: String(reason) }));
  }

  send(text: string): void {
    this.socket.send(text);
  }

  /**
   * The first frame that fits, of those after the one that the last call returned.
   * Rejects after `timeoutMs`, naming what did come.
   */
  next(fits: (frame: ServerFrame) => boolean, timeoutMs = TIMEOUT_MS): Promise<ServerFrame> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(check);
        const rest = JSON.stringify(this.frames.slice(this.#seen));
        reject(new Error(`no such frame within ${timeoutMs} ms; after the last one came ${rest}`));
      }, timeoutMs);
      const check = (): void => {
        const index = this.frames.findIndex((frame, at) => at >= this.#seen && fits(frame));
        const frame = this.frames[index];
        if (frame === undefined) return;
        this.#seen = index + 1;
        this.#waiting.delete(check);
        clearTimeout(timer);
        resolve(frame);
      };
      this.#waiting.add(check);
      check();
    });
  }

  /** The next room message with this content. */
  message(content: string, timeoutMs = TIMEOUT_MS): Promise<ServerFrame> {
    return this.next((frame) => frame.type === 'message' && frame.content === content, timeoutMs);
  }

  /** Resolves when `count` room messages have been received in all, with their contents. */
  async messages(count: number, timeoutMs = TIMEOUT_MS): Promise<string[]> {
    const contents = (): string[] =>
      this.frames.filter((frame) => frame.type === 'message').map((frame) => frame.content);
    while (contents().length < count) {
      await this.next((frame) => frame.type === 'message', timeoutMs);
    }
    return contents();
  }

  /** Says good-bye and waits for the end. */
  async close(): Promise<SocketEnd> {
    this.socket.close();
    return this.ended;
  }
}

export interface SeedOptions {
  /** Added to the URL. */
  query?: Record<string, string>;
  headers?: Record<string, string>;
}

/**
 * Joins a room over the seed socket and waits for the 101.
 * @param url of the balancer or of one gateway
 * @throws {UpgradeRefused}
 */
export async function connectSeed(
  url: string,
  roomId: number | string,
  token: string | undefined,
  options: SeedOptions = {},
): Promise<SeedClient> {
  const target = new URL(`/ws/join-room/${roomId}`, url.replace('http', 'ws'));
  for (const [name, value] of Object.entries(options.query ?? {})) target.searchParams.set(name, value);
  const socket = new WebSocket(target, {
    headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...options.headers },
  });
  const client = new SeedClient(socket);
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
    socket.once('unexpected-response', async (_request, response) => {
      let body = '';
      for await (const chunk of response) body += chunk;
      reject(new UpgradeRefused(response.statusCode ?? 0, parse(body), response.headers));
    });
  });
  return client;
}

/** What an upgrade is answered with: 101, after which the socket is closed, or the status of its refusal. */
export async function upgradeStatus(
  url: string,
  roomId: number | string,
  token: string | undefined,
  options?: SeedOptions,
): Promise<number> {
  try {
    const client = await connectSeed(url, roomId, token, options);
    await client.close();
    return 101;
  } catch (error) {
    if (error instanceof UpgradeRefused) return error.status;
    throw error;
  }
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}
