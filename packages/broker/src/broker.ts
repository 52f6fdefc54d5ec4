/**
 * A place in a room's history. Positions are compared only within one epoch: a room gets a new
 * epoch when its position was lost or moved back, and every older position then says nothing.
 */
export interface Position {
  readonly epoch: number;
  /** Number of the last message; 0 before the first. */
  readonly seq: number;
}

/** A stored message: its place, and the frame that every member receives. */
export interface StoredMessage {
  readonly seq: number;
  readonly frame: Uint8Array;
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
  /** Something changed that live sockets must feel; reaches every node that is connected. */
  onControl(event: ControlEvent): void;
  /**
   * Deliveries were interrupted and flow again: every subscribed room may have missed some.
   * All subscriptions are in force again when this is called.
   */
  onResumed(): void;
}

/** Changes that every node must hear of. */
export type ControlEvent =
  | { type: 'room-deleted'; roomId: number }
  | { type: 'room-renamed'; roomId: number; name: string };

/**
 * Carries room messages between nodes and keeps each room's recent history.
 *
 * Guarantees: the messages of a room have one order, `seq`, the same for everybody; a publish
 * that resolved is in the history and was handed to every subscribed and connected node.
 * Every method rejects with {@link BrokerUnavailableError} while the broker cannot be reached.
 */
export interface Broker {
  /** Whether messages can flow both ways, as far as is known without asking. */
  readonly connected: boolean;
  /**
   * Numbers, stores and publishes one message in one step.
   *
   * @param body the frame without its opening, as the protocol package's `messageEncoder` returns it
   * @returns the message's position: whoever holds it knows that the message will not be lost
   * @throws {RoomNotFoundError} nothing was stored
   * @throws {BrokerUnavailableError} the outcome is unknown if the connection broke under way
   */
  publish(roomId: number, body: string): Promise<Position>;
  /** Publishes a whole frame to whoever is subscribed now. Stores nothing. */
  publishNotice(roomId: number, frame: string): Promise<void>;
  /** Resolves when deliveries of that room flow to the listener. The caller never subscribes twice. */
  subscribe(roomId: number): Promise<void>;
  unsubscribe(roomId: number): Promise<void>;
  /**
   * The room's current position.
   *
   * @param seen a position that the caller knows of. If the room's history ends before it, which
   *   happens when Redis comes back with older data, the room gets a new epoch: no position is used twice.
   * @throws {RoomNotFoundError} there is no such room
   * @throws {BrokerUnavailableError} also when the rooms known here are not complete yet
   */
  position(roomId: number, seen?: Position): Promise<Position>;
  /**
   * Stored messages `after < seq <= upTo`, oldest first, at most `limit` of them. Fewer than asked for
   * means that the history does not reach back that far: the first message returned tells.
   */
  range(roomId: number, epoch: number, after: number, upTo: number, limit: number): Promise<StoredMessage[]>;
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

/** The broker cannot be reached, or cannot answer at the moment. Trying again later can help. */
export class BrokerUnavailableError extends Error {
  override name = 'BrokerUnavailableError';
}
