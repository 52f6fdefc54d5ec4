import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import type { WebSocket } from 'ws';
import { patiently } from '../slowness.js';

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

export const TIMEOUT_MS = 15_000;

/** A socket that remembers every frame that it received. */
export class FrameSocket<Frame> {
  /** All frames, in the order in which they came. */
  readonly frames: Frame[] = [];
  /** How the socket ended. Never rejects. */
  readonly ended: Promise<SocketEnd>;
  readonly #waiting = new Set<() => void>();
  #seen = 0;

  constructor(readonly socket: WebSocket) {
    socket.on('message', (data) => {
      this.frames.push(JSON.parse(String(data)) as Frame);
      for (const check of [...this.#waiting]) check();
    });
    // The end is told by 'close'; a socket that breaks says 'error' first.
    socket.on('error', () => {});
    this.ended = new Promise((resolve) => {
      socket.once('close', (code, reason) => resolve({ code, reason: String(reason) }));
    });
  }

  /** Drops the frames received so far. */
  forget(): void {
    this.frames.length = 0;
    this.#seen = 0;
  }

  /**
   * The first frame that fits, of those after the one that the last call returned.
   * Rejects after `timeoutMs` on an idle machine, naming what did come.
   */
  next(fits: (frame: Frame) => boolean, timeoutMs = TIMEOUT_MS): Promise<Frame> {
    const limit = patiently(timeoutMs);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(check);
        const rest = JSON.stringify(this.frames.slice(this.#seen));
        reject(new Error(`no such frame within ${limit} ms; after the last one came ${rest}`));
      }, limit);
      // A test that failed meanwhile does not wait for it.
      timer.unref();
      let at = this.#seen;
      const check = (): void => {
        // Another call may have returned later frames, and all may have been forgotten.
        at = at > this.frames.length ? 0 : Math.max(at, this.#seen);
        for (; at < this.frames.length; at++) {
          const frame = this.frames[at];
          if (frame === undefined || !fits(frame)) continue;
          this.#seen = at + 1;
          this.#waiting.delete(check);
          clearTimeout(timer);
          resolve(frame);
          return;
        }
      };
      this.#waiting.add(check);
      check();
    });
  }

  /** Says good-bye and waits for the end. */
  async close(): Promise<SocketEnd> {
    this.socket.close();
    return this.ended;
  }
}

/** Waits for the 101. @throws {UpgradeRefused} */
export async function opened(socket: WebSocket): Promise<void> {
  const refused = new Promise<never>((_, reject) => {
    socket.once('error', reject);
    socket.once('unexpected-response', async (_request, response) => {
      let body = '';
      for await (const chunk of response) body += chunk;
      reject(new UpgradeRefused(response.statusCode ?? 0, parse(body), response.headers));
    });
  });
  await Promise.race([once(socket, 'open'), refused]);
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}
