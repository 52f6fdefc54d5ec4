import {
  type ChorusError,
  type Delivery,
  type DeliveryState,
  formatPosition,
  isAfter,
  type Message,
  type Position,
} from '@chorus/client';

/** A message as it is shown: somebody's, or one's own on its way. */
export interface Entry {
  /** The same from the moment when a message of one's own is written to when it comes back from the room. */
  readonly key: string;
  readonly userId: number;
  readonly username: string;
  readonly content: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly own: boolean;
  /** Undefined for others' messages. `sent`: acknowledged, so it reaches everybody; storing it changes nothing for people. */
  readonly state: Exclude<DeliveryState, 'stored'> | undefined;
  readonly error: ChorusError | undefined;
  /** Of one's own. */
  readonly clientMsgId: string | undefined;
}

/** One line of the log. `first`: the one before it is of somebody else, or of long before. */
export type Row =
  | { readonly kind: 'day'; readonly key: string; readonly at: number }
  | { readonly kind: 'unread'; readonly key: 'unread' }
  | { readonly kind: 'gap'; readonly key: string }
  | { readonly kind: 'message'; readonly key: string; readonly entry: Entry; readonly first: boolean };

/** A message of one's own on its way, with when it was written. */
export interface Outgoing {
  readonly delivery: Delivery;
  readonly at: number;
}

export interface TimelineInput {
  /** In the order of the room. */
  readonly messages: readonly Message[];
  /** By `clientMsgId`, oldest first. */
  readonly outgoing: ReadonlyMap<string, Outgoing>;
  readonly me: { readonly id: number; readonly username: string };
  /** Others' messages after it are new. */
  readonly unreadAfter?: Position | undefined;
  /** Something is missing before the messages at these positions. */
  readonly gaps?: ReadonlySet<string>;
}

/** Messages of one author that follow each other this soon are shown as one. */
const TOGETHER_MS = 5 * 60_000;

/** What the log shows, line by line: days, messages, those of one author together, and at the end what is still on its way. */
export class Timeline {
  /** Rows of messages do not change: what is the same object need not be shown anew. */
  readonly #entries = new WeakMap<Message, Entry>();
  #rows = new Map<string, Row>();

  rows({ messages, outgoing, me, unreadAfter, gaps }: TimelineInput): Row[] {
    const arrived = new Set<string>();
    const rows: Row[] = [];
    let last: Entry | undefined;
    let divided = unreadAfter === undefined;
    const add = (entry: Entry): void => {
      if (last === undefined || dayOf(last.at) !== dayOf(entry.at)) {
        rows.push({ kind: 'day', key: `day ${dayOf(entry.at)} ${entry.key}`, at: entry.at });
        last = undefined;
      }
      const first = last === undefined || rows.at(-1)?.kind !== 'message' || !together(last, entry);
      rows.push({ kind: 'message', key: entry.key, entry, first });
      last = entry;
    };
    for (const message of messages) {
      const own = message.userId === me.id;
      if (own && message.clientMsgId !== undefined) arrived.add(message.clientMsgId);
      if (gaps?.has(formatPosition(message)))
        rows.push({ kind: 'gap', key: `gap ${formatPosition(message)}` });
      if (!divided && unreadAfter !== undefined && isAfter(message, unreadAfter)) {
        divided = true;
        if (!own) rows.push({ kind: 'unread', key: 'unread' });
      }
      add(this.#entryOf(message, own));
    }
    for (const [clientMsgId, { delivery, at }] of outgoing) {
      if (arrived.has(clientMsgId) || delivery.state === 'stored') continue;
      add({
        key: keyOfOwn(clientMsgId),
        userId: me.id,
        username: me.username,
        content: delivery.content,
        at,
        own: true,
        state: delivery.state,
        error: delivery.error,
        clientMsgId,
      });
    }
    return this.#stable(rows);
  }

  #entryOf(message: Message, own: boolean): Entry {
    const known = this.#entries.get(message);
    if (known !== undefined) return known;
    const entry: Entry = {
      key: own && message.clientMsgId !== undefined ? keyOfOwn(message.clientMsgId) : formatPosition(message),
      userId: message.userId,
      username: message.username,
      content: message.content,
      at: message.sentAt,
      own,
      // It has come back from the room: it is sent, whether or not its ack has come.
      state: own ? 'sent' : undefined,
      error: undefined,
      clientMsgId: own ? message.clientMsgId : undefined,
    };
    this.#entries.set(message, entry);
    return entry;
  }

  /** The rows of the last time where nothing about them has changed. */
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

/** Whether a line would look the same. */
function isSame(a: Row, b: Row): boolean {
  if (a.kind !== 'message' || b.kind !== 'message') return a.kind === b.kind;
  return a.first === b.first && (a.entry === b.entry || sameEntry(a.entry, b.entry));
}

function sameEntry(a: Entry, b: Entry): boolean {
  return a.state === b.state && a.error === b.error && a.at === b.at && a.content === b.content;
}

function together(before: Entry, entry: Entry): boolean {
  return before.userId === entry.userId && entry.at - before.at < TOGETHER_MS;
}

const keyOfOwn = (clientMsgId: string): string => `own ${clientMsgId}`;

/** The local day, to be compared. */
function dayOf(at: number): string {
  return new Date(at).toDateString();
}
