import { isAfter, type Position, type RoomKind } from '@chorus/protocol';
import { UnavailableError } from '@chorus/redis';
import type { Activity } from './activity.js';
import type { ControlEvent } from './control-event.js';

export { type ControlEvent, isAfter, type Position };

/** A stored message: its position, and the frame that every member receives. */
export interface StoredMessage extends Position {
  readonly frame: Uint8Array;
  /** Number of entries of the room up to this one that are not messages; absent if there are none. */
  readonly changes?: number | undefined;
}

/** Position of a published message. */
export interface Published extends Position {
  /** The message was stored before: its key was known. */
  readonly repeated?: true;
}

/** A room's position, and what is known about messages that it has lost. */
export interface RoomStanding {
  readonly at: Position;
  /** Generation of the room: another value means another room with this id. Empty if unknown. */
  readonly generation: string;
  readonly kind: RoomKind;
  /**
   * Positions of epochs before this one cannot be resumed: messages may be missing between them and the next epoch,
   * because Redis returned with older data. 0 for none.
   */
  readonly wholeFrom: number;
  /** The newest position of a published message that is known to be lost from the history. */
  readonly lost: Position | undefined;
  /** Whether {@link wholeFrom} is final, as far as can be known: nodes have had time to report what they have seen. */
  readonly settled: boolean;
  /** Days for which the room keeps messages; undefined for no limit of its own. */
  readonly retentionDays: number | undefined;
}

/** Positions that a node or client has seen of a room. */
export interface SeenOfRoom {
  readonly position: Position;
  /** See {@link RoomStanding.generation}; empty if unknown. */
  readonly generation: string;
  /** `client` if a client claims it, who may be wrong; `node` if this node knows it. */
  readonly by: 'client' | 'node';
}

/** Receiver of a broker's events. The bytes passed stay valid for as long as the receiver keeps them. */
export interface BrokerListener extends ActivityListener {
  /**
   * A room message arrived. Within one connection to Redis, messages of a room arrive in order; across reconnects some
   * can be missing or repeated, which `seq` reveals.
   */
  onMessage(roomId: number, position: Position, frame: Uint8Array): void;
  /** An ephemeral frame arrived: not in the history, never repeated, lost in an outage. */
  onNotice(roomId: number, frame: Uint8Array): void;
  /** Everything up to that position is in the database. A notice can be missed or late. */
  onStored(roomId: number, upTo: Position): void;
  /**
   * The room's {@link RoomStanding} has changed without a message.
   * @param to the new position, if only that has changed. A notice can be missed.
   */
  onMoved?(roomId: number, to?: Position): void;
  /** A control event for live sockets; reaches every connected node. */
  onControl(event: ControlEvent): void;
  /**
   * Deliveries have resumed after an interruption: every subscribed room may have missed messages. All subscriptions
   * are active again when this is called.
   */
  onResumed(): void;
}

/** Receiver of news of rooms. */
export interface ActivityListener {
  /**
   * There is news of a room, which need not be subscribed: see {@link Broker.watchActivity}. News of one room arrive in the order of
   * its entries, each at most once. News of a public room without members, and of messages of gateways that are older than this
   * contract, do not arrive.
   */
  onActivity?(activity: Activity): void;
  /**
   * News may be missing between the previous {@link onActivity} and the next one, in any room: also a removal of a member.
   * Always called before the first news that may follow a missing one.
   */
  onActivityMissed?(): void;
}

/**
 * Carries room messages between nodes and keeps each room's recent history.
 *
 * Guarantees: the messages of a room have one order, `seq`, on all nodes; a message whose publish resolved is in the
 * history and was handed to every subscribed and connected node. Every method rejects with {@link UnavailableError}
 * while the broker cannot be reached.
 */
export interface Broker {
  /** Whether messages can flow both ways, as far as is known without a query. */
  readonly connected: boolean;
  /** Why messages cannot flow, as predicate of "Redis"; undefined while they can. Contains no secrets. */
  readonly trouble: string | undefined;
  /**
   * Sets the listeners. Called once, before the first {@link subscribe}: earlier arrivals are dropped.
   * @param activity receives news of rooms; by default `listener` does
   */
  listen(listener: BrokerListener, activity?: ActivityListener): void;
  /**
   * Numbers, stores and publishes one entry, a message or a change, in one step.
   * @param body the frame without its opening, as the protocol package's `messageEncoder` or `encodeChange` returns it. Like
   *   all JSON it contains no raw line feed.
   * @param idempotencyKey identifies the message within its room. A repetition within at least 5 minutes has no effect
   *   and returns the position of the first message.
   * @returns the message's position: the message will not be lost
   * @throws {RoomNotFoundError} nothing was stored
   * @throws {BacklogFullError} nothing was stored
   * @throws {UnavailableError} the outcome is unknown: if the connection broke or no answer came in time, the message
   *   may have been stored, or may still be
   */
  publish(roomId: number, body: string, idempotencyKey?: string): Promise<Published>;
  /**
   * Returns the position of the entry that was published with that key within at least the last 5 minutes; undefined if
   * there is none. @throws {UnavailableError}
   */
  publishedWith(roomId: number, idempotencyKey: string): Promise<Position | undefined>;
  /** Publishes a complete frame to the nodes subscribed now. Stores nothing. */
  publishNotice(roomId: number, frame: string): Promise<void>;
  /** Resolves when deliveries of the room reach the listener. The caller never subscribes twice. */
  subscribe(roomId: number): Promise<void>;
  unsubscribe(roomId: number): Promise<void>;
  /**
   * Resolves when news of all rooms reach `onActivity`, and from then on until {@link close}. One subscription per node, in a
   * Redis Cluster one per partition, however many rooms and users there are. May be called repeatedly.
   */
  watchActivity(): Promise<void>;
  /**
   * Returns the room's current position.
   * @param seen a position that this broker returned. If the room's history ends before it, which happens when Redis
   *   returns with older data, the room gets a new epoch.
   * @throws {RoomNotFoundError}
   * @throws {UnavailableError} also while not all rooms are known, or this one is not whole yet
   */
  position(roomId: number, seen?: Position): Promise<Position>;
  /**
   * Returns the room's position and its losses. Positions in `seen` that the room lacks count as lost from then on.
   * @throws {RoomNotFoundError} {UnavailableError} as {@link position} does
   */
  standing(roomId: number, seen?: SeenOfRoom): Promise<RoomStanding>;
  /** Returns the position up to which the room is in the database; 0-0 for none. @throws {UnavailableError} */
  stored(roomId: number): Promise<Position>;
  /**
   * Returns entries of the recent history after one position and up to another, oldest first, at most `limit`. The
   * positions may be of different epochs: the result is then what the history still has, in order. In the places of erased
   * entries it has `erased` changes, so that a hole always means that the history does not reach back that far.
   */
  between(roomId: number, after: Position, upTo: Position, limit: number): Promise<StoredMessage[]>;
  /** Stops deliveries and closes the connections. */
  close(): Promise<void>;
}

/** No room has that id. */
export class RoomNotFoundError extends Error {
  override name = 'RoomNotFoundError';
  constructor(readonly roomId: number) {
    super(`room ${roomId} does not exist`);
  }
}

/**
 * The room, or all rooms, are being compared with the database after a restart of Redis. Nodes are notified at the end.
 */
export class RoomsRestoringError extends UnavailableError {
  override name = 'RoomsRestoringError';
}

/** Too many messages wait to be stored in the database. A later retry can succeed. */
export class BacklogFullError extends UnavailableError {
  override name = 'BacklogFullError';
}
