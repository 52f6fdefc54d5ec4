import { setTimeout as sleep } from 'node:timers/promises';
import { parsePosition } from '@chorus/protocol';
import type { Prng } from '@chorus/testing';
import { ask, type Caller } from './ask.js';
import type { Records } from './draft.js';
import { type ShownMessage, viewed } from './viewed.js';

const PAUSE_MS = [100, 500] as const;
const QUERIES = ['limit=20', 'after=0-0&limit=100', 'changedSince=0-0', 'before=9007199254740991-0&limit=50'];
const ENDED = { status: 0, body: undefined };

/** A room of the inbox, as far as it is checked. */
interface InboxRoom {
  room: { id: number };
  position: string | null;
  readPosition: string | null;
  n: number;
  unread: number;
  mentions: number;
}

/** Requests the inbox, and the history and the properties of rooms, all the time, and records what it is given. */
export class Reader {
  constructor(
    private readonly caller: Caller,
    private readonly userId: number,
    private readonly roomIds: readonly number[],
    private readonly records: Records,
    private readonly prng: Prng,
  ) {}

  /** Resolves when the signal of the caller aborts. */
  async readUntilAborted(): Promise<void> {
    const { prng, caller } = this;
    while (!caller.signal.aborted) {
      const luck = prng.next();
      if (luck < 0.35) await this.readInbox();
      else if (luck < 0.8) await this.#readPage();
      else await this.#get(prng.pick(['', '/members']));
      await sleep(prng.between(...PAUSE_MS), undefined, { signal: caller.signal }).catch(() => {});
    }
  }

  /** @returns whether it was answered */
  async readInbox(): Promise<boolean> {
    const askedAt = performance.now();
    const { status, body } = await this.#ask('/api/inbox');
    if (status !== 200) return false;
    const at = performance.now();
    const { userId } = this;
    for (const { room, position, readPosition, n, unread, mentions } of (body as { rooms: InboxRoom[] })
      .rooms) {
      const draft = this.records.of(room.id);
      const newest = parsePosition(position ?? '');
      const counts = { n, unread, mentions, read: parsePosition(readPosition ?? '') };
      draft?.inboxes.push({ at, askedAt, userId, position: newest, ...counts });
      const glimpse = { at, askedAt, userId, by: 'reader', what: 'GET /api/inbox' };
      draft?.glimpses.push({ ...glimpse, ...(newest && { position: newest }) });
    }
    return true;
  }

  async #readPage(): Promise<void> {
    const { userId } = this;
    const askedAt = performance.now();
    const { roomId, body } = await this.#get(`/messages?${this.prng.pick(QUERIES)}`);
    if (body === undefined) return;
    const { messages } = body as { messages: ShownMessage[] };
    const page = { at: performance.now(), askedAt, userId };
    this.records
      .of(roomId)
      ?.pages.push({ ...page, messages: messages.map((message) => viewed(message, userId)) });
  }

  async #get(path: string): Promise<{ roomId: number; body: unknown }> {
    const roomId = this.prng.pick(this.roomIds);
    const askedAt = performance.now();
    const { status, body } = await this.#ask(`/api/rooms/${roomId}${path}`);
    if (status !== 200) return { roomId, body: undefined };
    const glimpse = { at: performance.now(), askedAt, userId: this.userId, by: 'reader' };
    this.records.of(roomId)?.glimpses.push({ ...glimpse, what: `GET /api/rooms/:roomId${path}` });
    return { roomId, body };
  }

  #ask(path: string): ReturnType<typeof ask> {
    return ask(this.caller, 'GET', path).catch(() => ENDED);
  }
}
