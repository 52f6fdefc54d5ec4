import { isAfter, type Position } from '@chorus/protocol';
import { UnavailableError } from '@chorus/redis';
import type { ControlEvent } from './control-event.js';

export { type ControlEvent, isAfter, type Position };

/** A stored message: its place, and the frame that every member receives. */
export interface StoredMessage extends Position {
  readonly frame: Uint8Array;
}

/** Where a message that was published is. */
export interface Published extends Position {
  /** It was there before: its key was known. */
  readonly repeated?: true;
}

/** Where a room stands, and what is known about messages that it has lost. */
export interface RoomStanding {
  readonly at: Position;
  /** That of the room: another one means another room with the same id. Empty when not known. */
  readonly generation: string;
  /**
   * Positions of epochs before this one cannot be continued: messages may be missing between them and the next epoch,
   * because Redis came back with older data. 0 for none.
   */
  readonly wholeFrom: number;
  /** The newest position of a message that was published and is known to be in the history no more. */
  readonly lost: Position | undefined;
  /** Whether {@link wholeFrom} is final, as far as can be known: nodes have had time to say what they have seen. */
  readonly settled: boolean;
}

/** What has been seen of a room. */
export interface SeenOfRoom {
  readonly position: Position;
  /** See {@link RoomStanding.generation}; empty when not known. */
  readonly generation: string;
  /** Whether a client says so, who may be wrong, or this node knows it. */
  readonly by: 'client' | 'node';
}

/** What a broker calls. The bytes handed over are valid for as long as the receiver keeps them. */
export interface BrokerListener {
  /**
   * A room message arrived. Within one connection to Redis, messages of a room arrive in order;
   * over reconnects they can be missing or repeated, which `seq` reveals.
   */
  onMessage(roomId: number, position: Position, frame: Uint8Array): void;
  /** An ephemeral frame arrived: no place in the history, never repeated, lost in an outage. */
  onNotice(roomId: number, frame: Uint8Array): void;
  /** Everything up to there is stored in the database. Can be missed, and can come late. */
  onStored(roomId: number, upTo: Position): void;
  /**
   * Something about {@link RoomStanding} has changed without a message: the room stands there, or more than that. Can be
   * missed.
   */
  onMoved?(roomId: number, to?: Position): void;
  /** Something changed that live sockets must feel; reaches every node that is connected. */
  onControl(event: ControlEvent): void;
  /**
   * Deliveries were interrupted and flow again: every subscribed room may have missed some.
   * All subscriptions are in force again when this is called.
   */
  onResumed(): void;
}

/**
 * Carries room messages between nodes and keeps each room's recent history.
 *
 * Guarantees: the messages of a room have one order, `seq`, the same for everybody; a publish
 * that resolved is in the history and was handed to every subscribed and connected node.
 * Every method rejects with {@link UnavailableError} while the broker cannot be reached.
 */
export interface Broker {
  /** Whether messages can flow both ways, as far as is known without asking. */
  readonly connected: boolean;
  /** Why they cannot, as predicate of "Redis"; undefined while they can. Holds nothing secret. */
  readonly trouble: string | undefined;
  /**
   * Sets who is called with what arrives. Called once, before the first {@link subscribe}: what arrives earlier is
   * dropped.
   */
  listen(listener: BrokerListener): void;
  /**
   * Numbers, stores and publishes one message in one step.
   *
   * @param body the frame without its opening, as the protocol package's `messageEncoder` returns it.
   *   Like all JSON it holds no raw line feed.
   * @param idempotencyKey names the message within its room. Given again within at least 5 minutes nothing
   *   happens, and the position of the first is returned.
   * @returns the message's position: whoever holds it knows that the message will not be lost
   * @throws {RoomNotFoundError} nothing was stored
   * @throws {BacklogFullError} nothing was stored
   * @throws {UnavailableError} the outcome is unknown: when the connection broke or no answer came
   *   in time, the message may have been stored, or may still be
   */
  publish(roomId: number, body: string, idempotencyKey?: string): Promise<Published>;
  /** Publishes a whole frame to whoever is subscribed now. Stores nothing. */
  publishNotice(roomId: number, frame: string): Promise<void>;
  /** Resolves when deliveries of that room flow to the listener. The caller never subscribes twice. */
  subscribe(roomId: number): Promise<void>;
  unsubscribe(roomId: number): Promise<void>;
  /**
   * The room's current position.
   *
   * @param seen a position that this broker reported. If the room's history ends before it, which
   *   happens when Redis comes back with older data, the room gets a new epoch.
   * @throws {RoomNotFoundError} there is no such room
   * @throws {UnavailableError} also when the rooms known here are not complete yet, or this one is not whole yet
   */
  position(roomId: number, seen?: Position): Promise<Position>;
  /**
   * The room's position and what it has lost. What was seen of it and is missing counts as lost from then on.
   *
   * @throws {RoomNotFoundError} {UnavailableError} as {@link position} does
   */
  standing(roomId: number, seen?: SeenOfRoom): Promise<RoomStanding>;
  /**
   * Everything up to here is in the database; 0-0 when nothing is.
   * @throws {UnavailableError}
   */
  stored(roomId: number): Promise<Position>;
  /**
   * Messages of the recent history after one position and up to another, oldest first, at most `limit` of them. The
   * positions may be of different epochs: the result is then what the history still has, in order.
   */
  between(roomId: number, after: Position, upTo: Position, limit: number): Promise<StoredMessage[]>;
  /** Stops deliveries and ends the connections. */
  close(): Promise<void>;
}

/** No room has that id. */
export class RoomNotFoundError extends Error {
  override name = 'RoomNotFoundError';
  constructor(readonly roomId: number) {
    super(`room ${roomId} does not exist`);
  }
}

/** The room, or all of them, are compared with the database after a restart of Redis. Its nodes are nudged when that is done. */
export class RoomsRestoringError extends UnavailableError {
  override name = 'RoomsRestoringError';
}

/** Messages wait to be stored in the database, and there is no room for more. Trying again later can help. */
export class BacklogFullError extends UnavailableError {
  override name = 'BacklogFullError';
}
