import type { Position } from '@chorus/protocol/constants';
import type { Delivery, Gap, LeftReason, Member, Message, RoomStatus, SentMessage } from '../types.js';

/** What a room tells, with what it tells of it. */
export interface RoomEvents {
  /** Something was said: each message once, in the order of the room, one's own included. */
  message: Message;
  /** Something about a message of one's own has changed. */
  delivery: Delivery;
  /** {@link Room.members} has changed. */
  members: readonly Member[];
  /** {@link Room.typists} has changed. */
  typing: readonly Member[];
  status: RoomStatus;
  /** The room has this name now. A change during an interruption is not told: read the room again after it. */
  renamed: string;
  /** Messages were missed and could not be had from the history; what is delivered next comes after them. */
  gap: Gap;
}

export interface SendOptions {
  /** Default: none. When it is over the message fails with `timeout`, and what became of it may not be known. */
  timeoutMs?: number;
  /** Default: a random one. Unique among one's messages in the room; 1 to 64 letters, digits, `.`, `:`, `-`, `_`. */
  clientMsgId?: string;
}

/** One room, from {@link ChorusClient.join} until it is left. Connections come and go underneath. */
export interface Room {
  readonly id: number;
  readonly status: RoomStatus;
  /** Once the room was left. */
  readonly leftReason: LeftReason | undefined;
  /** That of the last message delivered, or where the room stood when it was first joined. Give it to `join` to resume later. */
  readonly position: Position | undefined;

  /**
   * Resolves as soon as the room is `joined`, at once if it is.
   * @throws {ChorusError} (rejects) when it was left instead
   */
  joined(): Promise<void>;

  /**
   * Says something, as soon as there is a connection and as often as it takes. Messages of a room are sent one after
   * the other, in the order of the calls, and none becomes two, however often the connection breaks.
   * @returns when it is acknowledged
   * @throws {ChorusError} (rejects) when it failed for good; it stays in {@link Room.deliveries} until it is retried or discarded
   */
  send(content: string, options?: SendOptions): Promise<SentMessage>;

  /**
   * One's own messages of this room that are not known to be stored, oldest first. Of those that are sent or have failed
   * only the last 1,000 are kept.
   */
  readonly deliveries: readonly Delivery[];
  /** Sends a message again that has failed, behind those that wait, under the same name. Does nothing for others. */
  retry(clientMsgId: string): void;
  /** Forgets a message that has failed. Does nothing for others. */
  discard(clientMsgId: string): void;

  /**
   * Messages from now on, as `room-messages` of {@link RoomEvents} has them, for `for await`. Ends when the room is left.
   * What was not taken yet is kept, up to `buffer` messages (default 10,000); when more wait, the iterator gives those it has
   * and then throws a {@link ChorusError} `too_slow`: never a silent hole.
   */
  messages(options?: { buffer?: number }): AsyncIterableIterator<Message>;

  /**
   * Calls `listener` at each such event. What a listener throws is reported as the platform reports what nobody
   * catches; other listeners, and the client, go on.
   * @returns a function that ends it
   */
  on<Type extends keyof RoomEvents>(type: Type, listener: (event: RoomEvents[Type]) => void): () => void;

  /** Tells the others that the user is typing; at most once a second, what is more is left out. */
  typing(): void;
  /** Who else is typing. Somebody who stops is in it for a few seconds longer. */
  readonly typists: readonly Member[];
  /**
   * Who is in the room, by ascending id. Kept up to date from the first look or `members` listener on, and read again after each
   * interruption. Of rooms with very many members gateways do not tell who comes and goes; then it is as of the last reading.
   */
  readonly members: readonly Member[];

  /**
   * The next older page of the history, oldest message first: what was said before all that was delivered here so far. Joins
   * without a hole, and without a repetition, what is delivered live. Empty at the beginning of the room.
   * @param limit at most so many; 1 to 100
   * @throws {ChorusError} (rejects) after which the same page can be asked for again
   */
  older(limit?: number): Promise<readonly Message[]>;

  /** Leaves for good. What waits to be sent fails with `left`. */
  leave(): void;
}
