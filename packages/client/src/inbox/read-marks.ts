import { isAfter, type Position } from '@chorus/protocol/constants';
import type { ClientInternals } from '../client-internals.js';
import { Pending } from '../pending.js';

interface Mark {
  readonly position: Position;
  readonly unread: true | undefined;
  /** Sent, and not answered yet. */
  sent: boolean;
}

/** Sends how far the user has read, per room: the last position, repeated after interruptions until it is answered. */
export class ReadMarks {
  readonly #host: ClientInternals;
  readonly #pending: Pending;
  readonly #marks = new Map<number, Mark>();
  /** Whether the gateway takes marks. */
  #started = false;

  constructor(host: ClientInternals) {
    this.#host = host;
    this.#pending = new Pending(host);
  }

  add(roomId: number, position: Position, unread?: true): void {
    const waiting = this.#marks.get(roomId);
    if (waiting && !waiting.unread && !unread && isAfter(waiting.position, position)) return;
    this.#marks.set(roomId, { position, unread, sent: false });
    this.#send(roomId);
  }

  start(): void {
    this.#started = true;
    for (const roomId of this.#marks.keys()) this.#send(roomId);
  }

  /** The connection has ended. */
  interrupted(): void {
    this.#started = false;
    this.#pending.cancelAll();
    for (const mark of this.#marks.values()) mark.sent = false;
  }

  answered(roomId: number): void {
    this.#pending.failures = 0;
    if (this.#marks.get(roomId)?.sent) this.#marks.delete(roomId);
  }

  refused(roomId: number, retry: boolean): void {
    const mark = this.#marks.get(roomId);
    if (!mark) return;
    mark.sent = false;
    if (retry) this.#pending.retry(() => this.#send(roomId));
    else this.#marks.delete(roomId);
  }

  #send(roomId: number): void {
    if (!this.#started) return;
    this.#host.send(() => {
      const mark = this.#marks.get(roomId);
      if (!mark || mark.sent) return undefined;
      mark.sent = true;
      return { type: 'read', roomId, ...mark.position, unread: mark.unread };
    }, true);
  }
}
