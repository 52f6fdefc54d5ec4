import type { Activity } from '@chorus/broker';
import type { RoomNews as RoomNewsFields } from '@chorus/protocol';

/** Part of an `inbox` frame about one room, as JSON. */
export interface RoomNewsPart {
  readonly roomId: number;
  readonly json: string;
}

/** What is new in a room since the last frames: one part for all users, except for those whom it concerns in particular. */
export class RoomNews implements RoomNewsPart {
  #epoch = 0;
  #seq = 0;
  #n = 0;
  #messages = 0;
  readonly #deleted: number[] = [];
  /** Ordinal of the last message by sender. */
  readonly #own = new Map<number, number>();
  /** Number of messages that mention the user, but not all members, and are not the user's own. */
  readonly #mentions = new Map<number, number>();
  /** Number of messages that mention all members; and of these by sender. */
  #roomMentions = 0;
  readonly #roomMentionsBy = new Map<number, number>();
  #json: string | undefined;
  #frame: Buffer | undefined;

  constructor(readonly roomId: number) {}

  add(activity: Extract<Activity, { kind: 'messages' | 'deleted' }>): void {
    this.#json = undefined;
    this.#epoch = activity.epoch;
    this.#seq = activity.seq;
    this.#n = activity.n;
    if (activity.kind === 'deleted') {
      this.#deleted.push(activity.deleted);
      return;
    }
    this.#messages += activity.count;
    for (const { userId, n } of activity.senders) this.#own.set(userId, n);
    for (const { by, users, room } of activity.mentions) {
      if (room) {
        this.#roomMentions++;
        count(this.#roomMentionsBy, by);
      } else for (const user of new Set(users)) if (user !== by) count(this.#mentions, user);
    }
  }

  /** The part for users whom it does not concern in particular. */
  get json(): string {
    this.#json ??= this.#encode(undefined, this.#roomMentions);
    return this.#json;
  }

  /** The frame with this part alone; encoded once, however many users get it. */
  get frame(): Buffer {
    this.#frame ??= Buffer.from(inboxFrame([this]));
    return this.#frame;
  }

  /** The part for a user. */
  for(userId: number): RoomNewsPart {
    const own = this.#own.get(userId);
    const mentioned = this.#mentions.get(userId);
    if (own === undefined && mentioned === undefined) return this;
    const mentions = this.#roomMentions - (this.#roomMentionsBy.get(userId) ?? 0) + (mentioned ?? 0);
    return { roomId: this.roomId, json: this.#encode(own, mentions) };
  }

  #encode(ownN: number | undefined, mentions: number): string {
    const news: RoomNewsFields = {
      ...{ roomId: this.roomId, epoch: this.#epoch, seq: this.#seq, n: this.#n, messages: this.#messages },
      ...(ownN === undefined ? {} : { ownN }),
      ...(mentions === 0 ? {} : { mentions }),
      ...(this.#deleted.length === 0 ? {} : { deleted: this.#deleted }),
    };
    return JSON.stringify(news);
  }
}

export function inboxFrame(parts: readonly RoomNewsPart[]): string {
  return `{"type":"inbox","rooms":[${parts.map(({ json }) => json).join()}]}`;
}

function count(counts: Map<number, number>, key: number): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
