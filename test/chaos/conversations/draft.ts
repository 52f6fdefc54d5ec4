import type { Position, V1ServerFrame } from '@chorus/protocol';
import type { Conversation } from '../history/conversation.js';

type Mutable<T> = T extends ReadonlyArray<infer Item> ? Item[] : T;

/** What is known of a conversation so far. */
export type Draft = { readonly [Name in keyof Conversation]: Mutable<Conversation[Name]> };

export function newDraft(roomId: number, kind: Conversation['kind']): Draft {
  return {
    ...{ roomId, kind, memberships: [], receipts: [], glimpses: [], pages: [], actions: [], growths: [] },
    ...{ inboxes: [], reads: [], readsDone: [] },
    ...{ histories: [], lists: [], found: [] },
  };
}

/** Where clients of a run record what they receive. */
export class Records {
  readonly #drafts: ReadonlyMap<number, Draft>;

  constructor(readonly all: readonly Draft[]) {
    this.#drafts = new Map(all.map((draft) => [draft.roomId, draft]));
  }

  of(roomId: number): Draft | undefined {
    return this.#drafts.get(roomId);
  }

  /** Records what a frame shows of these rooms. @param askedAt when it was requested; undefined if it was not */
  received(frame: V1ServerFrame, userId: number, by: string, askedAt?: number): void {
    const at = performance.now();
    if (frame.type === 'rooms-changed') {
      for (const { id } of frame.rooms) this.#glimpse(id, { at, askedAt, userId, by, what: frame.type });
      return;
    }
    if (frame.type === 'inbox') {
      for (const { roomId, epoch, seq } of frame.rooms) {
        this.#glimpse(roomId, { at, askedAt, userId, by, what: frame.type, position: { epoch, seq } });
      }
      return;
    }
    if (frame.type === 'inbox-rooms') {
      for (const id of frame.added) this.#glimpse(id, { at, askedAt, userId, by, what: frame.type });
      return;
    }
    if (!('roomId' in frame) || frame.roomId === undefined || frame.type === 'error') return;
    if (frame.type === 'read' && frame.userId === userId) {
      this.of(frame.roomId)?.readsDone.push({ at, userId, position: { epoch: frame.epoch, seq: frame.seq } });
    }
    if (frame.type === 'message' || frame.type === 'change') {
      this.of(frame.roomId)?.receipts.push({ at, userId, by, entry: frame });
    } else if (frame.type !== 'room-left') {
      this.#glimpse(frame.roomId, { at, askedAt, userId, by, what: frame.type });
    }
  }

  /** Records that a user marks a room as read. */
  reads(roomId: number, userId: number, position: Position): void {
    this.of(roomId)?.reads.push({ at: performance.now(), userId, position });
  }

  #glimpse(roomId: number, glimpse: Conversation['glimpses'][number]): void {
    this.of(roomId)?.glimpses.push(glimpse);
  }
}
