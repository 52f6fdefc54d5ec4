import { type Broker, isAfter, type Position } from '@chorus/broker';
import { formatPosition, isChangeFrame, type Member, readMessage } from '@chorus/protocol';

/** A message that a client wants to change, as far as gateways need to know it. */
export interface TargetMessage {
  readonly author: Member;
  /** Ordinal in its room. */
  readonly n: number;
  /** Milliseconds since 1970. */
  readonly sentAt: number;
  /** Characters as far as this node knows: as it was sent, or edited and appended to here. */
  length: number;
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

/** Messages that grow at a time on one node; beyond that, appends read the oldest one again. */
const MAX_KNOWN = 1_000;
/** Time for which appends do not read their message again, in milliseconds. An append to a message that was deleted meanwhile has no effect. */
const KNOWN_MS = 10_000;

const decoder = new TextDecoder();

interface Known {
  readonly target: TargetMessage;
  readonly until: number;
}

/**
 * Reads messages that clients want to change from the recent history. Messages that grow are remembered for a while, for all sockets
 * of the node, so that neither each append reads its message nor a new connection begins to count its length again.
 */
export class TargetMessages {
  /** Messages that were appended to, the oldest first. */
  readonly #known = new Map<string, Known>();

  constructor(private readonly broker: Pick<Broker, 'between' | 'publishedWith'>) {}

  /** A message that was read for an append lately; undefined if it must be read. @param now milliseconds of `performance.now()` */
  known(roomId: number, at: Position, now: number): TargetMessage | undefined {
    const known = this.#known.get(keyOf(roomId, at));
    return known !== undefined && known.until > now ? known.target : undefined;
  }

  /** Remembers a message that grows. @param now as for {@link known} */
  remember(roomId: number, at: Position, target: TargetMessage, now: number): void {
    const key = keyOf(roomId, at);
    const before = this.#known.get(key);
    this.#known.delete(key);
    if (before !== undefined) target.length = Math.max(target.length, before.target.length);
    else if (this.#known.size >= MAX_KNOWN) {
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest);
        break;
      }
    }
    this.#known.set(key, { target, until: now + KNOWN_MS });
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

  /** Returns the position of an earlier change or message with that key. @throws {UnavailableError} */
  publishedWith(roomId: number, idempotencyKey: string): Promise<Position | undefined> {
    return this.broker.publishedWith(roomId, idempotencyKey);
  }
}

function keyOf(roomId: number, at: Position): string {
  return `${roomId}:${formatPosition(at)}`;
}
