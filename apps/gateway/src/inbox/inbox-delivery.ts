import type { InboxRoomsFrame } from '@chorus/protocol';
import { inboxFrame, RoomNews, type RoomNewsPart } from './room-news.js';
import type { InboxSocket, WatchingUser } from './watching-users.js';

const RESET = JSON.stringify({ type: 'inbox-reset' });
/** Rooms in one frame. */
const ROOMS_IN_FRAME = 200;

export interface InboxDeliveryParts {
  /** A socket with more bytes in its queue gets no news, but a reset when it has read them. */
  readonly maxQueuedBytes: number;
  /** Ends the watch of a socket. */
  onSlow(socket: InboxSocket): void;
}

/**
 * Sends frames about inboxes to sockets. A socket that does not read costs no memory beyond its queue: its watch ends, and it gets
 * `inbox-reset` once its queue is short again.
 */
export class InboxDelivery {
  /** Frames sent. */
  frames = 0;
  /** Sockets whose watch ended because they read too slowly. */
  slow = 0;
  readonly #owedResets = new Set<InboxSocket>();

  constructor(private readonly parts: InboxDeliveryParts) {}

  /** Sends a user what has gathered. */
  sendNews(user: WatchingUser): void {
    const { changes, news = [] } = user;
    user.changes = undefined;
    user.news = undefined;
    if (changes !== undefined) this.#sendAll(user, roomsFrame(changes));
    // News that came before a removal may have gathered after it.
    const parts = news.filter(({ roomId }) => changes?.get(roomId) !== 'removed');
    for (let at = 0; at < parts.length; at += ROOMS_IN_FRAME) {
      this.#sendAll(user, newsFrame(parts.slice(at, at + ROOMS_IN_FRAME)));
    }
  }

  /** Sends a frame to all sockets of a user. */
  #sendAll(user: WatchingUser, frame: string | Uint8Array): void {
    for (const socket of user.sockets) this.send(socket, frame);
  }

  send(socket: InboxSocket, frame: string | Uint8Array): void {
    if (socket.queuedBytes > this.parts.maxQueuedBytes) {
      this.slow++;
      this.#owedResets.add(socket);
      this.parts.onSlow(socket);
      return;
    }
    socket.send(frame);
    this.frames++;
  }

  /** Tells a socket whose watch has ended. */
  reset(socket: InboxSocket): void {
    if (socket.queuedBytes > this.parts.maxQueuedBytes) this.#owedResets.add(socket);
    else socket.send(RESET);
  }

  /** The queue of a socket became shorter. */
  drained(socket: InboxSocket): void {
    if (!this.#owedResets.has(socket) || socket.queuedBytes > this.parts.maxQueuedBytes / 2) return;
    this.#owedResets.delete(socket);
    socket.send(RESET);
  }

  /** Forgets a socket that has closed, or watches again. */
  forget(socket: InboxSocket): void {
    this.#owedResets.delete(socket);
  }
}

function roomsFrame(changes: ReadonlyMap<number, 'added' | 'removed'>): string {
  const frame: InboxRoomsFrame = { type: 'inbox-rooms', added: [], removed: [] };
  for (const [roomId, change] of changes) frame[change].push(roomId);
  return JSON.stringify(frame);
}

function newsFrame(parts: readonly RoomNewsPart[]): string | Uint8Array {
  const [first] = parts;
  return parts.length === 1 && first instanceof RoomNews ? first.frame : inboxFrame(parts);
}
