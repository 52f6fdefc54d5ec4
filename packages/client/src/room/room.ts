import type { Position } from '@chorus/protocol/constants';
import type { ChorusError } from '../chorus-error.js';
import type { HistoryPage, HistorySource, RoomHistoryQuery } from '../options.js';
import type {
  Change,
  Delivery,
  Gap,
  LeftReason,
  Member,
  Mention,
  Message,
  MessageData,
  Read,
  RoomStatus,
  SentMessage,
} from '../types.js';

/** Events of a room, each with its payload. */
export interface RoomEvents {
  /** A message of the room: each once, in the order of the room, including the user's own. */
  message: Message;
  /**
   * A change of a message, of the members or of the room: each once, in one order with the messages.
   * {@link MessageList} applies those of messages.
   */
  change: Change;
  /**
   * Changes after this position were not delivered, because the client was away for long: the history has messages as
   * they are now. {@link MessageList} then reads what has changed.
   */
  changesMissed: Position;
  /** The state of one of the user's own messages has changed. */
  delivery: Delivery;
  /** {@link Room.members} has changed. */
  members: readonly Member[];
  /** {@link Room.typists} has changed. */
  typing: readonly Member[];
  status: RoomStatus;
  /**
   * The new name of the room. A rename while the client was disconnected is not reported: read the room from the API
   * after a reconnect.
   */
  renamed: string;
  /** A member has read the room up to a position. Only in rooms with at most 100 members. {@link Receipts} keeps them. */
  read: Read;
  /** Missed messages that the history does not have. Messages delivered later come after the gap. */
  gap: Gap;
}

/** Options of everything that is sent. */
export interface ChangeOptions {
  /** Default: no time-out. After it, the call fails with `timeout`; whether it took effect may be unknown. */
  timeoutMs?: number;
  /**
   * Id of the message or change. Unique among the user's messages and changes of this room; 1 to 64 letters, digits,
   * `.`, `:`, `-`, `_`. Default: a random id.
   */
  clientMsgId?: string;
}

/** What a message has beside its text. In an edit, absent parts stay as they are. */
export interface ContentOptions {
  /** Users whom the message mentions; `room` for all members. */
  mentions?: readonly Mention[] | undefined;
  data?: MessageData | undefined;
}

/** Gateways of the version before ignore `replyTo`, `mentions` and `data`. */
export interface SendOptions extends ChangeOptions, ContentOptions {
  /** The message that this one replies to, or its position. */
  replyTo?: Position | undefined;
}

/** A change of a message, as {@link Room.perform} takes it. `target` is the message, or its position. */
export type MessageOperation = { readonly target: Position } & (
  | {
      readonly type: 'edit';
      readonly content: string;
      readonly mentions?: readonly Mention[] | undefined;
      readonly data?: MessageData | undefined;
    }
  | { readonly type: 'delete' }
  | { readonly type: 'react' | 'unreact'; readonly reaction: string }
  | { readonly type: 'append'; readonly text: string }
);

/** Makes a change in another way than over the socket, which has refused it. */
export type Fallback = (
  api: HistorySource,
  roomId: number,
  operation: MessageOperation,
  clientMsgId: string,
  refusal: ChorusError,
) => Promise<unknown>;

/** One room, from {@link ChorusClient.join} until it is left. Stays the same over reconnects. */
export interface Room {
  readonly id: number;
  readonly status: RoomStatus;
  /** Set once the room was left. */
  readonly leftReason: LeftReason | undefined;
  /**
   * Position of the last message or change delivered; before the first, the room's position at the join. Pass it to
   * `join` to resume later.
   */
  readonly position: Position | undefined;

  /**
   * Resolves when the room is `joined`; at once if it is.
   * @throws {ChorusError} (rejects) if the room was left instead
   */
  joined(): Promise<void>;

  /**
   * Sends a message as soon as there is a connection, and retries until it is answered. Messages of a room are sent
   * in the order of the calls and are never duplicated, however often the connection breaks.
   * @returns resolves when the message is acknowledged
   * @throws {ChorusError} (rejects) when it failed for good; it stays in {@link Room.deliveries} until it is retried
   * or discarded
   */
  send(content: string, options?: SendOptions): Promise<SentMessage>;

  /**
   * Changes a message, in the order of all calls of `send` and `perform`, with the retries of {@link Room.send}. Applications call
   * {@link edit}, {@link deleteMessage}, {@link react}, {@link unreact}, {@link append} or {@link sendStream}.
   * @param fallback called if the gateway does not have the message any more, or does not know the operation
   * @returns resolves when the change is acknowledged
   * @throws {ChorusError} (rejects) when it failed for good
   */
  perform(operation: MessageOperation, options?: ChangeOptions, fallback?: Fallback): Promise<void>;

  /**
   * The user's own messages of this room that are not known to be stored, in the order in which they are sent. At most 1,000 sent or
   * failed messages are kept.
   */
  readonly deliveries: readonly Delivery[];
  /** Sends a failed message again, after the waiting ones, with the same id. Ignores other messages. */
  retry(clientMsgId: string): void;
  /** Removes a failed message from {@link Room.deliveries}. Ignores other messages. */
  discard(clientMsgId: string): void;

  /**
   * Iterates over the messages that arrive after the call, as the `message` event of {@link RoomEvents} delivers
   * them. Ends when the room is left. Up to `buffer` messages wait for a slow consumer (default 10,000). When more
   * wait, the iterator yields these and then throws a {@link ChorusError} `too_slow`: it never skips a message
   * silently.
   */
  messages(options?: { buffer?: number }): AsyncIterableIterator<Message>;

  /**
   * Calls `listener` for every event of that type. An exception of a listener is reported like any uncaught error of
   * the platform; other listeners and the client continue.
   * @returns a function that removes the listener
   */
  on<Type extends keyof RoomEvents>(type: Type, listener: (event: RoomEvents[Type]) => void): () => void;

  /** Tells the other members that the user is typing. Calls within a second of the previous one are ignored. */
  typing(): void;
  /** The other members who are typing. A member who stops stays in it for a few seconds. */
  readonly typists: readonly Member[];
  /**
   * The members who are present in the room, in ascending order of id. Kept up to date from the first read or
   * `members` listener on, and read again after each reconnect. In rooms with very many members gateways do not
   * announce who joins and leaves; the list is then as of the last reading.
   */
  readonly members: readonly Member[];

  /**
   * Returns the next older page of the history, oldest message first: the messages before all that were delivered
   * here so far. Together with the live messages there is no hole and no repetition. Empty at the beginning of the
   * room.
   * @param limit largest number of messages; 1 to 100
   * @throws {ChorusError} (rejects) after which the call can be repeated for the same page
   */
  older(limit?: number): Promise<readonly Message[]>;

  /** Returns a page of the history of the room, oldest message first. Does not move {@link Room.older}. */
  history(query: RoomHistoryQuery): Promise<HistoryPage>;

  /** Leaves the room for good. Unsent messages fail with `left`. */
  leave(): void;
}
