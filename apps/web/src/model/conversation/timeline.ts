import { type CurrentMessage, formatPosition, isAfter, type Member, type Position } from '@chorus/client';
import { type Entry, entryOf, type Outgoing, outgoingEntry, sameEntry } from './entry.js';
import type { RoomEvent } from './room-events.js';

/** One line of the log. `first`: the line before has another author, or is much older. */
export type Row =
  | { readonly kind: 'day'; readonly key: string; readonly at: number }
  | { readonly kind: 'unread'; readonly key: 'unread' }
  | { readonly kind: 'gap'; readonly key: string }
  | { readonly kind: 'event'; readonly key: string; readonly event: RoomEvent }
  | { readonly kind: 'message'; readonly key: string; readonly entry: Entry; readonly first: boolean };

export interface TimelineInput {
  /** In the order of the room. */
  readonly messages: readonly CurrentMessage[];
  /** Changes of the members and of the room, in the order of the room. */
  readonly events?: readonly RoomEvent[];
  /** By `clientMsgId`, oldest first. */
  readonly outgoing: ReadonlyMap<string, Outgoing>;
  readonly me: Member;
  /** Others' messages after it are new. */
  readonly unreadAfter?: Position | undefined;
  /** Positions of messages before which others are missing. */
  readonly gaps?: ReadonlySet<string>;
}

/** Messages of one author within this time are grouped. */
const TOGETHER_MS = 5 * 60_000;

/** The lines of the log: days, messages grouped by author, and at the end the user's unsent messages. */
export class Timeline {
  /** Rows of messages are immutable: unchanged objects are not drawn again. */
  readonly #entries = new WeakMap<CurrentMessage, Entry>();
  #rows = new Map<string, Row>();

  rows({ messages, events = [], outgoing, me, unreadAfter, gaps }: TimelineInput): Row[] {
    const arrived = new Set<string>();
    const rows: Row[] = [];
    let last: Entry | undefined;
    let day: string | undefined;
    let divided = unreadAfter === undefined;
    const addDay = (at: number, key: string): void => {
      if (day === dayOf(at)) return;
      day = dayOf(at);
      rows.push({ kind: 'day', key: `day ${day} ${key}`, at });
    };
    const add = (entry: Entry): void => {
      addDay(entry.at, entry.key);
      const first = last === undefined || rows.at(-1)?.kind !== 'message' || !together(last, entry);
      rows.push({ kind: 'message', key: entry.key, entry, first });
      last = entry;
    };
    let shown = 0;
    const addEvents = (before: Position | undefined): void => {
      for (let event = events[shown]; event !== undefined; event = events[++shown]) {
        if (before !== undefined && isAfter(event, before)) return;
        const key = `event ${formatPosition(event)}`;
        addDay(event.at, key);
        rows.push({ kind: 'event', key, event });
      }
    };
    for (const message of messages) {
      addEvents(message);
      const own = message.userId === me.id;
      if (own && message.clientMsgId !== undefined) arrived.add(message.clientMsgId);
      if (gaps?.has(formatPosition(message)))
        rows.push({ kind: 'gap', key: `gap ${formatPosition(message)}` });
      if (!divided && unreadAfter !== undefined && isAfter(message, unreadAfter)) {
        divided = true;
        if (!own) rows.push({ kind: 'unread', key: 'unread' });
      }
      add(this.#entryOf(message, me));
    }
    addEvents(undefined);
    for (const [clientMsgId, sent] of outgoing) {
      const entry = arrived.has(clientMsgId) ? undefined : outgoingEntry(sent, me);
      if (entry !== undefined) add(entry);
    }
    return this.#stable(rows);
  }

  #entryOf(message: CurrentMessage, me: Member): Entry {
    const entry = this.#entries.get(message) ?? entryOf(message, me);
    this.#entries.set(message, entry);
    return entry;
  }

  /** Reuses the previous rows where nothing has changed. */
  #stable(rows: Row[]): Row[] {
    const before = this.#rows;
    const stable = rows.map((row) => {
      const old = before.get(row.key);
      return old !== undefined && isSame(old, row) ? old : row;
    });
    this.#rows = new Map(stable.map((row) => [row.key, row]));
    return stable;
  }
}

/** Whether two lines would look alike. */
function isSame(a: Row, b: Row): boolean {
  if (a.kind !== 'message' || b.kind !== 'message') return a.kind === b.kind;
  return a.first === b.first && (a.entry === b.entry || sameEntry(a.entry, b.entry));
}

function together(before: Entry, entry: Entry): boolean {
  return before.userId === entry.userId && entry.at - before.at < TOGETHER_MS;
}

/** The local day, for comparison. */
function dayOf(at: number): string {
  return new Date(at).toDateString();
}
