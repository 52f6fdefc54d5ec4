import { isAfter, type Position } from '@chorus/protocol/constants';
import { asChorusError } from '../chorus-error.js';
import type { ClientInternals } from '../client-internals.js';
import { fullJitter } from '../connection/backoff.js';
import type { ApiRequester } from '../http/api-types.js';
import { markRead } from '../http/inbox.js';

interface Mark {
  readonly position: Position;
  readonly unread: true | undefined;
  /** Sent, and not answered yet. */
  sent: boolean;
}

/** Sends how far the user has read, per room: the last position, repeated after interruptions until it is answered. */
export class ReadMarks {
  readonly #marks = new Map<number, Mark>();
  /** Whether gateways take marks, else the API does; undefined while disconnected. */
  #overSocket: boolean | undefined;
  #failures = 0;

  /** @param onDone called when the counts of the room must be read again */
  constructor(
    private readonly api: ApiRequester,
    private readonly host: ClientInternals,
    private readonly onDone: (roomId: number) => void,
  ) {}

  add(roomId: number, position: Position, unread?: true): void {
    const waiting = this.#marks.get(roomId);
    if (waiting !== undefined && !waiting.unread && !unread && isAfter(waiting.position, position)) return;
    this.#marks.set(roomId, { position, unread, sent: false });
    this.#send(roomId);
  }

  start(overSocket: boolean): void {
    this.#overSocket = overSocket;
    for (const roomId of this.#marks.keys()) this.#send(roomId);
  }

  /** The connection has ended. */
  interrupted(): void {
    this.#overSocket = undefined;
    for (const mark of this.#marks.values()) mark.sent = false;
  }

  answered(roomId: number): void {
    this.#failures = 0;
    if (this.#marks.get(roomId)?.sent) this.#marks.delete(roomId);
  }

  refused(roomId: number, retry: boolean): void {
    const mark = this.#marks.get(roomId);
    if (mark === undefined) return;
    mark.sent = false;
    if (retry) {
      const { backoff, random } = this.host;
      setTimeout(() => this.#send(roomId), fullJitter(this.#failures++, backoff, random));
    } else {
      this.#marks.delete(roomId);
      this.onDone(roomId);
    }
  }

  #send(roomId: number): void {
    if (this.#overSocket) {
      this.host.send(() => {
        const mark = this.#take(roomId);
        return mark && { type: 'read', roomId, ...mark.position, unread: mark.unread };
      }, true);
    } else if (this.#overSocket === false) {
      const mark = this.#take(roomId);
      if (mark === undefined) return;
      markRead(this.api, roomId, mark.position, mark).then(
        () => {
          this.answered(roomId);
          this.onDone(roomId);
        },
        (error: unknown) => this.refused(roomId, asChorusError(error).retry),
      );
    }
  }

  /** Undefined if the mark was sent already. */
  #take(roomId: number): Mark | undefined {
    const mark = this.#marks.get(roomId);
    if (mark === undefined || mark.sent) return undefined;
    mark.sent = true;
    return mark;
  }
}
