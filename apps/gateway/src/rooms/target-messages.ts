import { type Broker, isAfter, type Position } from '@chorus/broker';
import { formatPosition, isChangeFrame, type Member, readChange, readMessage } from '@chorus/protocol';

/** A message that a client wants to change, as far as gateways need to know it. */
export interface TargetMessage {
  readonly author: Member;
  /** Ordinal in its room. */
  readonly n: number;
  /** Milliseconds since 1970. */
  readonly sentAt: number;
  /** Characters as far as this node knows: as it was sent, or edited and appended to here. */
  length: number;
  /** Its different reactions, see {@link TargetMessages.reactions}. Only read for a change that sets one. */
  reactions?: Set<string>;
}

/** Why the recent history has no such message. */
export type MissingTarget = 'message_not_found' | 'message_not_recent' | 'message_deleted';

/** The room of a target on this node. */
export interface TargetRoom {
  readonly id: number;
  /** Position up to which the room was delivered on this node. */
  readonly delivered: Position;
  /** Messages sent up to this time are too old, in milliseconds since 1970; undefined for none. */
  readonly expiredUpTo?: number | undefined;
}

/** Messages that are remembered on one node; beyond that, changes read the oldest one again. */
const MAX_KNOWN = 1_000;
/** Entries behind a message among which its reactions are counted. */
const COUNTED_ENTRIES = 200;
/** Time for which appends do not read their message again, in milliseconds. An append to a message that was deleted meanwhile has no effect. */
const KNOWN_MS = 10_000;

const decoder = new TextDecoder();

interface Known<T> {
  readonly value: T;
  readonly until: number;
}

/**
 * Reads messages that clients want to change from the recent history. Messages that grow are remembered for a while, for all sockets
 * of the node, so that neither each append reads its message nor a new connection begins to count its length again.
 */
export class TargetMessages {
  /** Messages that were appended to, the oldest first. */
  readonly #known = new Map<string, Known<TargetMessage>>();
  /** Different reactions of messages that got one, the oldest first. */
  readonly #reactions = new Map<string, Known<Set<string>>>();

  constructor(private readonly broker: Pick<Broker, 'between' | 'publishedWith'>) {}

  /** A message that was read for an append lately; undefined if it must be read. @param now milliseconds of `performance.now()` */
  known(roomId: number, at: Position, now: number): TargetMessage | undefined {
    return valueAt(this.#known, keyOf(roomId, at), now);
  }

  /** Remembers a message that grows. @param now as for {@link known} */
  remember(roomId: number, at: Position, target: TargetMessage, now: number): void {
    const key = keyOf(roomId, at);
    const before = this.#known.get(key);
    if (before !== undefined) target.length = Math.max(target.length, before.value.length);
    keep(this.#known, key, target, now);
  }

  /** Reads a message. @throws {UnavailableError} */
  async read(room: TargetRoom, at: Position): Promise<TargetMessage | MissingTarget> {
    const before = { epoch: at.epoch, seq: at.seq - 1 };
    const [entry] = at.seq > 0 ? await this.broker.between(room.id, before, at, 1) : [];
    if (entry === undefined) return isAfter(at, room.delivered) ? 'message_not_found' : 'message_not_recent';
    const text = decoder.decode(entry.frame);
    if (isChangeFrame(entry.frame)) {
      return text.includes('"change":"erased"') ? 'message_deleted' : 'message_not_found';
    }
    const { message } = readMessage(room.id, entry, text);
    const { userId, username, n = message.seq, sentAt, content } = message;
    if (sentAt <= (room.expiredUpTo ?? Number.NEGATIVE_INFINITY)) return 'message_not_found';
    return { author: { id: userId, username }, n, sentAt, length: content.length };
  }

  /**
   * Returns the different reactions of a message, to which the caller adds those that it publishes: those of the entries behind it, and
   * for some seconds those that were added.
   *
   * @param now as for {@link known} @throws {UnavailableError}
   */
  async reactions({ id, delivered }: TargetRoom, at: Position, now: number): Promise<Set<string>> {
    const key = keyOf(id, at);
    const known = valueAt(this.#reactions, key, now);
    if (known !== undefined) return known;
    const entries = isAfter(delivered, at)
      ? await this.broker.between(id, at, delivered, COUNTED_ENTRIES)
      : [];
    const users = new Map<string, Set<number>>();
    for (const entry of entries) {
      if (!isChangeFrame(entry.frame)) continue;
      const text = decoder.decode(entry.frame);
      const { frame } = readChange(id, entry, text.slice(text.indexOf('"type":')));
      if (frame?.change !== 'reacted' && frame?.change !== 'unreacted') continue;
      if (formatPosition(frame.target) !== formatPosition(at)) continue;
      const those = users.get(frame.reaction) ?? new Set();
      if (frame.change === 'reacted') users.set(frame.reaction, those.add(frame.userId));
      else if (those.delete(frame.userId) && those.size === 0) users.delete(frame.reaction);
    }
    // Another change may have read them meanwhile, and added to them.
    return valueAt(this.#reactions, key, now) ?? keep(this.#reactions, key, new Set(users.keys()), now);
  }

  /** Returns the position of an earlier change or message with that key. @throws {UnavailableError} */
  publishedWith(roomId: number, idempotencyKey: string): Promise<Position | undefined> {
    return this.broker.publishedWith(roomId, idempotencyKey);
  }
}

function valueAt<T>(map: ReadonlyMap<string, Known<T>>, key: string, now: number): T | undefined {
  const known = map.get(key);
  return known !== undefined && known.until > now ? known.value : undefined;
}

/** Remembers a value as the newest one; the oldest one leaves a full map. @returns the value */
function keep<T>(map: Map<string, Known<T>>, key: string, value: T, now: number): T {
  map.delete(key);
  const [oldest] = map.size >= MAX_KNOWN ? map.keys() : [];
  if (oldest !== undefined) map.delete(oldest);
  map.set(key, { value, until: now + KNOWN_MS });
  return value;
}

function keyOf(roomId: number, at: Position): string {
  return `${roomId}:${formatPosition(at)}`;
}
