import type { ClientFrame, Position, V1ServerFrame } from '@chorus/protocol';
import { SUBPROTOCOL } from '@chorus/protocol';
import { WebSocket } from 'ws';
import { FrameSocket, opened } from './frame-socket.js';

export type FrameOf<T extends V1ServerFrame['type']> = Extract<V1ServerFrame, { type: T }>;

/** A bare `chorus.v1` socket: it neither resumes nor sends again. */
export class V1Socket extends FrameSocket<V1ServerFrame> {
  send(frame: ClientFrame): void {
    this.socket.send(JSON.stringify(frame));
  }

  /** The next frame of that type, and of that room if one is given. */
  async of<T extends V1ServerFrame['type']>(
    type: T,
    roomId?: number,
    timeoutMs?: number,
  ): Promise<FrameOf<T>> {
    const fits = (frame: V1ServerFrame): boolean =>
      frame.type === type && (roomId === undefined || ('roomId' in frame && frame.roomId === roomId));
    return (await this.next(fits, timeoutMs)) as FrameOf<T>;
  }

  /** Joins a room and resolves with the answer. */
  join(roomId: number, since?: Position): Promise<FrameOf<'room-joined'>> {
    this.send({ type: 'join', roomId, since });
    return this.of('room-joined', roomId);
  }

  /** Leaves a room and resolves with the answer. */
  leave(roomId: number): Promise<FrameOf<'room-left'>> {
    this.send({ type: 'leave', roomId });
    return this.of('room-left', roomId);
  }

  /** Publishes a message and resolves with its ack. */
  publish(roomId: number, content: string, clientMsgId: string): Promise<FrameOf<'ack'>> {
    this.send({ type: 'publish', roomId, clientMsgId, content });
    return this.ack(clientMsgId);
  }

  async ack(clientMsgId: string): Promise<FrameOf<'ack'>> {
    const fits = (frame: V1ServerFrame): boolean => frame.type === 'ack' && frame.clientMsgId === clientMsgId;
    return (await this.next(fits)) as FrameOf<'ack'>;
  }

  /** The messages received so far, of one room if one is given. */
  messages(roomId?: number): FrameOf<'message'>[] {
    const messages = this.frames.filter((frame) => frame.type === 'message');
    return roomId === undefined ? messages : messages.filter((message) => message.roomId === roomId);
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
  await opened(socket);
  return client;
}
