import type { VerifiedToken } from '@chorus/auth';
import type { CloseReason, Member } from '@chorus/protocol';
import type { Connection } from './connection.js';
import type { IndexOf } from './index-of.js';

/** The user, token and room that a slot is claimed for. */
export interface SlotClaim {
  readonly user: Member;
  /** Undefined with `AUTH=open`. */
  readonly token: VerifiedToken | undefined;
  /** The room that the socket is opened for; undefined for a socket that joins rooms later. */
  readonly roomId?: number | undefined;
}

/**
 * A slot for one socket of this node, from the upgrade request on. It counts against the limits until {@link release},
 * which the taker must call when the socket has closed or does not open.
 */
export class ConnectionSlot {
  #claim: SlotClaim | undefined;
  #connection: Connection | undefined;
  #tokenId: string | undefined;
  #generation: number | undefined;
  #expirySecond: number | undefined;
  /** Actions that run when the connection opens. */
  #waiting: Array<(connection: Connection) => void> | undefined;
  #state: 'kept' | 'ending' | 'released' = 'kept';
  #reconnecting = false;

  constructor(
    private readonly indexes: SlotIndexes,
    /** Number of the slot, unique on this node. */
    readonly number: number,
    /** Address of the client, as far as the proxies in front are trusted. */
    readonly address: string,
  ) {}

  /** Unique in the cluster. */
  get id(): string {
    return this.indexes.idOf(this.number);
  }

  get connection(): Connection | undefined {
    return this.#connection;
  }

  get user(): Member | undefined {
    return this.#claim?.user;
  }

  get tokenId(): string | undefined {
    return this.#tokenId;
  }

  /** Generation of the token; undefined with `AUTH=open`. */
  get generation(): number | undefined {
    return this.#generation;
  }

  /** Rooms that the socket has joined, or is being opened for. */
  get roomIds(): Iterable<number> {
    if (this.#connection !== undefined) return this.#connection.roomIds;
    const roomId = this.#claim?.roomId;
    return roomId === undefined ? [] : [roomId];
  }

  /**
   * Assigns the slot to a user and token: an event that ends the connections of that user or token ends this one, too.
   */
  claim(claim: SlotClaim): void {
    if (this.#state === 'released' || this.#claim !== undefined) return;
    this.#claim = claim;
    this.indexes.byUser.add(claim.user.id, this);
    this.#noteToken(claim.token ?? NO_TOKEN);
  }

  /** Registers the open socket. Runs the actions that were requested since {@link claim}. */
  open(connection: Connection): void {
    if (this.#state === 'released' || this.#connection !== undefined) return;
    this.#connection = connection;
    this.indexes.opened();
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const action of waiting) action(connection);
  }

  /** Indexes the connection by its newer token. */
  renewed(): void {
    const connection = this.#connection;
    if (this.#state === 'released' || connection === undefined) return;
    this.#forgetToken();
    this.#noteToken(connection);
  }

  /** Runs an action on the connection, now or as soon as it is open. */
  act(action: (connection: Connection) => void): void {
    if (this.#connection !== undefined) action(this.#connection);
    else if (this.#waiting === undefined) this.#waiting = [action];
    else this.#waiting.push(action);
  }

  /**
   * Whether the connection is ending. It stays open until its client has read everything queued, or a deadline has
   * passed.
   */
  get ending(): boolean {
    return this.#state === 'ending';
  }

  /** Whether the client was asked to reconnect. */
  get reconnecting(): boolean {
    return this.#reconnecting;
  }

  /** Ends the connection, now or as soon as it is open. Does nothing if it is already ending. */
  end(reason: CloseReason): void {
    if (this.#state !== 'kept') return;
    this.#state = 'ending';
    this.act((connection) => connection.close(reason));
  }

  /** Ends the connection like {@link end}, and asks its client to reconnect; see {@link Connection.requestReconnect}. */
  requestReconnect(afterMs: number, cause: ReconnectCause): void {
    if (this.#state !== 'kept') return;
    this.#state = 'ending';
    this.#reconnecting = true;
    this.indexes.reconnectRequests[cause]++;
    this.act((connection) => connection.requestReconnect(afterMs));
  }

  /** Gives the slot back. Further calls have no effect. */
  release(): void {
    if (this.#state === 'released') return;
    this.#state = 'released';
    if (this.#claim !== undefined) this.indexes.byUser.delete(this.#claim.user.id, this);
    this.#forgetToken();
    this.indexes.released(this);
  }

  #noteToken({ tokenId, generation, expiresAt }: TokenFigures): void {
    this.#tokenId = tokenId;
    this.#generation = generation;
    if (tokenId !== undefined) this.indexes.byToken.add(tokenId, this);
    if (expiresAt === undefined) return;
    this.#expirySecond = Math.ceil(expiresAt / 1_000);
    this.indexes.byExpiry.add(this.#expirySecond, this);
  }

  #forgetToken(): void {
    if (this.#tokenId !== undefined) this.indexes.byToken.delete(this.#tokenId, this);
    if (this.#expirySecond !== undefined) this.indexes.byExpiry.delete(this.#expirySecond, this);
    this.#tokenId = undefined;
    this.#expirySecond = undefined;
  }
}

type TokenFigures = Pick<Connection, 'tokenId' | 'generation' | 'expiresAt'>;

const NO_TOKEN: TokenFigures = { tokenId: undefined, generation: undefined, expiresAt: undefined };

/** Why a gateway asks clients to reconnect. */
export type ReconnectCause = 'drain' | 'rebalance' | 'standstill' | 'isolated';

/** Indexes and counters of a registry, which its slots update. */
export interface SlotIndexes {
  idOf(number: number): string;
  readonly byUser: IndexOf<number, ConnectionSlot>;
  readonly byToken: IndexOf<string, ConnectionSlot>;
  readonly byExpiry: IndexOf<number, ConnectionSlot>;
  readonly reconnectRequests: Record<ReconnectCause, number>;
  opened(): void;
  released(slot: ConnectionSlot): void;
}
