import type { ServerFrame } from '@chorus/protocol';
import { WebSocket } from 'ws';
import { FrameSocket, opened, TIMEOUT_MS, UpgradeRefused } from './frame-socket.js';

/** A plain socket to a gateway that keeps the frames it receives. */
export class PlainSocket extends FrameSocket<ServerFrame> {
  send(text: string): void {
    this.socket.send(text);
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
}

export interface PlainSocketOptions {
  /** Added to the URL. */
  query?: Record<string, string>;
  headers?: Record<string, string>;
}

/**
 * Opens a plain socket in a room and waits for the 101.
 * @param url of the balancer or of one gateway
 * @throws {UpgradeRefused}
 */
export async function connectPlain(
  url: string,
  roomId: number | string,
  token: string | undefined,
  options: PlainSocketOptions = {},
): Promise<PlainSocket> {
  const target = new URL(`/ws/join-room/${roomId}`, url.replace('http', 'ws'));
  for (const [name, value] of Object.entries(options.query ?? {})) target.searchParams.set(name, value);
  const socket = new WebSocket(target, {
    headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...options.headers },
  });
  const client = new PlainSocket(socket);
  await opened(socket);
  return client;
}

/** What an upgrade is answered with: 101, after which the socket is closed, or the status of its refusal. */
export async function upgradeStatus(
  url: string,
  roomId: number | string,
  token: string | undefined,
  options?: PlainSocketOptions,
): Promise<number> {
  try {
    const client = await connectPlain(url, roomId, token, options);
    await client.close();
    return 101;
  } catch (error) {
    if (error instanceof UpgradeRefused) return error.status;
    throw error;
  }
}
