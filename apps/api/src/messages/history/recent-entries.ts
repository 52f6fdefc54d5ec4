import type { RoomHistory, StoredMessage } from '@chorus/broker';
import {
  type CurrentMessage,
  changedMessage,
  type Entry,
  formatPosition,
  isChangeFrame,
  type MessageFrame,
  newMessage,
  type Position,
  readChange,
  readMessage,
  simpleMessageSentAt,
} from '@chorus/protocol';
import type { HistoryMessage } from './message.js';

/** Entries that are read at once. */
const PAGE = 500;
/**
 * Entries of the backlog that are applied to the messages of one response. Beyond that, `changed` of a message tells up to where its changes
 * are applied; the archiver catches up meanwhile.
 */
const MAX_TAIL = 5_000;

const decoder = new TextDecoder();

/** A message of the recent history, parsed only if its JSON is not the frame. */
export class RecentMessage implements HistoryMessage {
  readonly epoch: number;
  readonly seq: number;
  readonly sentAt: number;
  readonly #text: string;
  #frame: MessageFrame | undefined;

  constructor(
    private readonly roomId: number,
    stored: StoredMessage,
  ) {
    const { epoch, seq, frame } = stored;
    this.epoch = epoch;
    this.seq = seq;
    this.#text = decoder.decode(frame);
    const sentAt = simpleMessageSentAt(roomId, stored, this.#text);
    this.#frame = sentAt === undefined ? readMessage(roomId, stored, this.#text).message : undefined;
    this.sentAt = sentAt ?? this.frame().sentAt;
  }

  /** Position of the message that this one replies to. */
  get replyTo(): Position | undefined {
    // A frame that is not parsed has none.
    return this.#frame?.replyTo;
  }

  frame(): MessageFrame {
    this.#frame ??= readMessage(this.roomId, this, this.#text).message;
    return this.#frame;
  }

  current(): CurrentMessage {
    return newMessage(this.frame());
  }

  json(): string | undefined {
    return this.#frame === undefined ? this.#text : undefined;
  }
}

/** Returns the messages among entries of the recent history. */
export function messagesOf(roomId: number, stored: readonly StoredMessage[]): RecentMessage[] {
  return stored.filter(({ frame }) => !isChangeFrame(frame)).map((entry) => new RecentMessage(roomId, entry));
}

function messageOf(roomId: number, stored: StoredMessage): MessageFrame {
  return readMessage(roomId, stored, decoder.decode(stored.frame)).message;
}

/** Entries that change messages, by the position of the message, each in the order of the room. */
export type Changes = ReadonlyMap<string, readonly Entry[]>;

/** The entries of a room that may not be stored yet. */
export interface Tail {
  readonly messages: readonly RecentMessage[];
  readonly changes: Changes;
  /** Whether these are all of them: older messages are in PostgreSQL. */
  readonly complete: boolean;
}

/** Reads the entries after a position, oldest first. */
export async function readTail(history: RoomHistory, roomId: number, after: Position): Promise<Tail> {
  const messages: RecentMessage[] = [];
  const changes = new Map<string, Entry[]>();
  let from = { epoch: after.epoch, seq: after.seq + 1 };
  for (let read = 0; read < MAX_TAIL; read += PAGE) {
    const page = await history.from(roomId, from, PAGE);
    for (const stored of page) {
      const isChange = isChangeFrame(stored.frame);
      const message = isChange ? undefined : new RecentMessage(roomId, stored);
      if (message !== undefined) messages.push(message);
      const entry = isChange ? entryOf(roomId, stored) : message?.replyTo && message.frame();
      const target = entry && changedMessage(entry);
      if (entry === undefined || target === undefined) continue;
      const key = formatPosition(target);
      const others = changes.get(key);
      if (others === undefined) changes.set(key, [entry]);
      else others.push(entry);
    }
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return { messages, changes, complete: true };
    from = { epoch: last.epoch, seq: last.seq + 1 };
  }
  return { messages, changes, complete: false };
}

/** Returns an entry; undefined for one that this version does not know. */
export function entryOf(roomId: number, stored: StoredMessage): Entry | undefined {
  if (!isChangeFrame(stored.frame)) return messageOf(roomId, stored);
  const text = decoder.decode(stored.frame);
  return readChange(roomId, stored, text.slice(text.indexOf('"type":'))).frame;
}
