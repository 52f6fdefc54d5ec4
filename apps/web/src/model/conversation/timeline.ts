import {
  type ChorusError,
  type Delivery,
  type DeliveryState,
  formatPosition,
  isAfter,
  type Message,
  type Position,
} from '@chorus/client';

/** A message as shown: delivered, or one of the user's own that is not yet. */
export interface Entry {
  /** Unchanged from when a message is written to when the room delivers it. */
  readonly key: string;
  readonly userId: number;
  readonly username: string;
  readonly content: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly own: boolean;
  /**
   * Undefined for others' messages. `sent`: acknowledged, so it reaches all members. Stored messages count as sent.
   */
  readonly state: Exclude<DeliveryState, 'stored'> | undefined;
  readonly error: ChorusError | undefined;
  /** Of the user's own messages. */
  readonly clientMsgId: string | undefined;
}

/** One line of the log. `first`: the line before has another author, or is much older. */
export type Row =
  | { readonly kind: 'day'; readonly key: string; readonly at: number }
  | { readonly kind: 'unread'; readonly key: 'unread' }
  | { readonly kind: 'gap'; readonly key: string }
  | { readonly kind: 'message'; readonly key: string; readonly entry: Entry; readonly first: boolean };

/** One of the user's own messages before its delivery, with the time of writing. */
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
  /** Positions of messages before which others are missing. */
  readonly gaps?: ReadonlySet<string>;
}

/** Messages of one author within this time are grouped. */
const TOGETHER_MS = 5 * 60_000;

/** The lines of the log: days, messages grouped by author, and at the end the user's unsent messages. */
export class Timeline {
  /** Rows of messages are immutable: unchanged objects are not drawn again. */
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
      // The room has delivered it, so it is sent, whether or not its ack has arrived.
      state: own ? 'sent' : undefined,
      error: undefined,
      clientMsgId: own ? message.clientMsgId : undefined,
    };
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

function sameEntry(a: Entry, b: Entry): boolean {
  return a.state === b.state && a.error === b.error && a.at === b.at && a.content === b.content;
}

function together(before: Entry, entry: Entry): boolean {
  return before.userId === entry.userId && entry.at - before.at < TOGETHER_MS;
}

const keyOfOwn = (clientMsgId: string): string => `own ${clientMsgId}`;

/** The local day, for comparison. */
function dayOf(at: number): string {
  return new Date(at).toDateString();
}
