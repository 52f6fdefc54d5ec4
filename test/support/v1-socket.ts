import { once } from 'node:events';
import type { ClientFrame, Position, V1ServerFrame } from '@chorus/protocol';
import { SUBPROTOCOL } from '@chorus/protocol';
import { WebSocket } from 'ws';
import { type SocketEnd, UpgradeRefused } from './seed-client.js';

const TIMEOUT_MS = 5_000;

export type FrameOf<T extends V1ServerFrame['type']> = Extract<V1ServerFrame, { type: T }>;

/** A bare `chorus.v1` socket that remembers everything it received: it neither resumes nor sends again. */
export class V1Socket {
  /** All frames, in the order in which they came. */
  readonly frames: V1ServerFrame[] = [];
  /** How the socket ended. Never rejects. */
  readonly ended: Promise<SocketEnd>;
  readonly #waiting = new Set<() => void>();
  #seen = 0;

  constructor(readonly socket: WebSocket) {
    socket.on('message', (data) => {
      this.frames.push(JSON.parse(String(data)) as V1ServerFrame);
      for (const check of [...this.#waiting]) check();
    });
    // The end is told by 'close'; a socket that breaks says 'error' first.
    socket.on('error', () => {});
    this.ended = new Promise((resolve) => {
      socket.once('close', (code, reason) => resolve({ code, reason: String(reason) }));
    });
  }

  send(frame: ClientFrame): void {
    this.socket.send(JSON.stringify(frame));
  }

  /**
   * The first frame that fits, of those after the one that the last call returned.
   * Rejects after `timeoutMs`, naming what did come.
   */
  next(fits: (frame: V1ServerFrame) => boolean, timeoutMs = TIMEOUT_MS): Promise<V1ServerFrame> {
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

  /** The next frame of that type. */
  async of<T extends V1ServerFrame['type']>(type: T, timeoutMs?: number): Promise<FrameOf<T>> {
    return (await this.next((frame) => frame.type === type, timeoutMs)) as FrameOf<T>;
  }

  join(roomId: number, since?: Position): Promise<FrameOf<'room-joined'>> {
    this.send({ type: 'join', roomId, since });
    return this.of('room-joined');
  }

  /** The messages received so far, of one room if one is given. */
  messages(roomId?: number): FrameOf<'message'>[] {
    const messages = this.frames.filter((frame) => frame.type === 'message');
    return roomId === undefined ? messages : messages.filter((message) => message.roomId === roomId);
  }

  /** Says good-bye and waits for the end. */
  async close(): Promise<SocketEnd> {
    this.socket.close();
    return this.ended;
  }
}

/**
 * Opens a `chorus.v1` socket and waits for the 101.
 * @param path of one that joins a room at once, with its query
 * @throws {UpgradeRefused}
 */
export async function connectV1(
  url: string,
  token: string | undefined,
  path = '/ws/connect',
): Promise<V1Socket> {
  const socket = new WebSocket(new URL(path, url.replace('http', 'ws')), SUBPROTOCOL, {
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  });
  const client = new V1Socket(socket);
  const refused = new Promise<never>((_, reject) => {
    socket.once('error', reject);
    socket.once('unexpected-response', async (_request, response) => {
      let body = '';
      for await (const chunk of response) body += chunk;
      reject(new UpgradeRefused(response.statusCode ?? 0, JSON.parse(body), response.headers));
    });
  });
  await Promise.race([once(socket, 'open'), refused]);
  return client;
}
