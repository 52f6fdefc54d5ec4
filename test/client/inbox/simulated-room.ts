import type { InboxRoom, Position } from '@chorus/client';
import { inboxRoom } from '@chorus/client/testing';

/** The user whose inbox is simulated. */
export const ME = { id: 1, username: 'ann' };

interface SimulatedMessage extends Position {
  readonly n: number;
  readonly by: number;
  readonly mentionsMe: boolean;
  deleted: boolean;
}

/** What a gateway learns of an entry of the room. */
export type Activity = Position & { readonly roomId: number } & (
    | { readonly kind: 'message'; readonly n: number; readonly by: number; readonly mentionsMe: boolean }
    | { readonly kind: 'deleted'; readonly n: number; readonly deleted: number }
    | { readonly kind: 'read'; readonly n: number | undefined; readonly unread: boolean }
  );

/** A room as the servers have it. Counts by hand: over all messages, each time. */
export class SimulatedRoom {
  readonly #messages: SimulatedMessage[] = [];
  #epoch = 100;
  #seq = 0;
  #newest: Position | undefined;
  #readAt: Position | undefined;

  constructor(
    readonly id: number,
    public activeAt: number,
  ) {}

  send(by: number, mentionsMe: boolean, activeAt: number): Activity {
    const at = this.#entry();
    const message = { ...at, n: this.#messages.length + 1, by, mentionsMe, deleted: false };
    this.#messages.push(message);
    this.activeAt = activeAt;
    if (by === ME.id) this.#readAt = at;
    return { ...at, roomId: this.id, kind: 'message', n: message.n, by, mentionsMe };
  }

  /** Undefined if there is nothing to delete. @param pick returns a number below the one given */
  delete(pick: (count: number) => number): Activity | undefined {
    const left = this.#messages.filter(({ deleted }) => !deleted);
    const message = left[pick(left.length)];
    if (message === undefined) return undefined;
    message.deleted = true;
    return {
      ...this.#entry(),
      roomId: this.id,
      kind: 'deleted',
      n: this.#messages.length,
      deleted: message.n,
    };
  }

  /** An entry that does not matter to an inbox, such as a reaction. */
  react(): void {
    this.#entry();
  }

  /** Positions continue in a new epoch. */
  restart(): void {
    this.#epoch += 10;
    this.#seq = 0;
  }

  /** Undefined if the position does not move. @param knowsN whether Redis still has the entry */
  read(to: Position, unread: boolean, knowsN: boolean): Activity | undefined {
    const newest = { epoch: this.#epoch, seq: this.#seq };
    const at = isAfter(to, newest) ? newest : to;
    const moves = this.#readAt === undefined || isAfter(at, this.#readAt);
    if (!unread && !moves) return undefined;
    this.#readAt = at;
    return { ...at, roomId: this.id, kind: 'read', n: knowsN ? this.readN : undefined, unread };
  }

  /** Position of a message. @param pick returns a number below the one given */
  place(pick: (count: number) => number): Position | undefined {
    const message = this.#messages[pick(this.#messages.length)];
    return message && { epoch: message.epoch, seq: message.seq };
  }

  get readAt(): Position | undefined {
    return this.#readAt;
  }

  get readN(): number {
    return this.#messages.filter((message) => this.#readAt && !isAfter(message, this.#readAt)).length;
  }

  get unread(): number {
    return this.#unread.length;
  }

  get mentions(): number {
    return this.#unread.filter(({ by, mentionsMe }) => mentionsMe && by !== ME.id).length;
  }

  answer(): InboxRoom {
    const { id, unread, mentions, readN } = this;
    const written = (position: Position | undefined): string | null =>
      position === undefined ? null : `${position.epoch}-${position.seq}`;
    return inboxRoom(id, {
      ...{ n: this.#messages.length, unread, mentions, readN },
      position: written(this.#newest),
      readPosition: written(this.#readAt),
    });
  }

  get #unread(): SimulatedMessage[] {
    return this.#messages.filter(
      (message) => !message.deleted && (this.#readAt === undefined || isAfter(message, this.#readAt)),
    );
  }

  #entry(): Position {
    this.#newest = { epoch: this.#epoch, seq: ++this.#seq };
    return this.#newest;
  }
}

function isAfter(a: Position, b: Position): boolean {
  return a.epoch === b.epoch ? a.seq > b.seq : a.epoch > b.epoch;
}
