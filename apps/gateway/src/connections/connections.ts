import type { VerifiedToken } from '@chorus/auth';
import { readSessionsKey } from '@chorus/control';
import type { CloseReason, Member } from '@chorus/protocol';
import type { Connection } from './connection.js';
import { IndexOf } from './index-of.js';
import { startId } from './start-id.js';

/** Whom a seat is for. */
export interface Occupancy {
  readonly user: Member;
  /** Undefined with `AUTH=open`. */
  readonly token: VerifiedToken | undefined;
  /** The room that the socket is opened for, if it is for one. */
  readonly roomId?: number | undefined;
}

/**
 * The place of one socket on this node, from the moment that somebody asks for it. It counts against the
 * limits until {@link leave}, which whoever took it must call, once the socket is gone or has not come to be.
 */
export class Seat {
  #occupancy: Occupancy | undefined;
  #connection: Connection | undefined;
  #tokenId: string | undefined;
  #generation: number | undefined;
  #expirySecond: number | undefined;
  /** What is to be done to the connection as soon as it is there. */
  #waiting: Array<(connection: Connection) => void> | undefined;
  #state: 'staying' | 'ending' | 'left' = 'staying';
  #sentAway = false;

  constructor(
    private readonly registry: Registry,
    /** Which of this node's seats it is. */
    readonly number: number,
    /** Where it comes from, as far as the proxies in front are trusted. */
    readonly address: string,
  ) {}

  /** Unique in the cluster. */
  get id(): string {
    return this.registry.idOf(this.number);
  }

  get connection(): Connection | undefined {
    return this.#connection;
  }

  get user(): Member | undefined {
    return this.#occupancy?.user;
  }

  get tokenId(): string | undefined {
    return this.#tokenId;
  }

  /** Of the same token; undefined with `AUTH=open`. */
  get generation(): number | undefined {
    return this.#generation;
  }

  /** The rooms that it is in, or is being opened for. */
  get roomIds(): Iterable<number> {
    if (this.#connection !== undefined) return this.#connection.roomIds;
    const roomId = this.#occupancy?.roomId;
    return roomId === undefined ? [] : [roomId];
  }

  /** Notes who it is for. From now on whatever ends that user's, or that token's, connections ends this one too. */
  claim(occupancy: Occupancy): void {
    if (this.#state === 'left' || this.#occupancy !== undefined) return;
    this.#occupancy = occupancy;
    this.registry.byUser.add(occupancy.user.id, this);
    this.#noteToken(occupancy.token ?? NO_TOKEN);
  }

  /** The socket is open. What happened to its user since {@link claim} is done to it now. */
  open(connection: Connection): void {
    if (this.#state === 'left' || this.#connection !== undefined) return;
    this.#connection = connection;
    this.registry.opened();
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const action of waiting) action(connection);
  }

  /** The connection has a newer token. */
  renewed(): void {
    const connection = this.#connection;
    if (this.#state === 'left' || connection === undefined) return;
    this.#forgetToken();
    this.#noteToken(connection);
  }

  /** Does something to the connection, now or as soon as it is open. */
  act(action: (connection: Connection) => void): void {
    if (this.#connection !== undefined) action(this.#connection);
    else if (this.#waiting === undefined) this.#waiting = [action];
    else this.#waiting.push(action);
  }

  /** Whether the connection was told to end. It may still be there until its client has read that. */
  get ending(): boolean {
    return this.#state === 'ending';
  }

  /** Whether its client was asked to come back, and is expected to. */
  get reconnecting(): boolean {
    return this.#sentAway;
  }

  /** Ends the connection, now or as soon as it is open. Does nothing when it is ending already. */
  end(reason: CloseReason): void {
    if (this.#state !== 'staying') return;
    this.#state = 'ending';
    this.act((connection) => connection.close(reason));
  }

  /** The same, so that its client comes back; see {@link Connection.sendAway}. */
  sendAway(afterMs: number, why: WhySentAway): void {
    if (this.#state !== 'staying') return;
    this.#state = 'ending';
    this.#sentAway = true;
    this.registry.sentAway[why]++;
    this.act((connection) => connection.sendAway(afterMs));
  }

  /** Gives the seat up. May be called more than once. */
  leave(): void {
    if (this.#state === 'left') return;
    this.#state = 'left';
    if (this.#occupancy !== undefined) this.registry.byUser.delete(this.#occupancy.user.id, this);
    this.#forgetToken();
    this.registry.left(this);
  }

  #noteToken({ tokenId, generation, expiresAt }: TokenFigures): void {
    this.#tokenId = tokenId;
    this.#generation = generation;
    if (tokenId !== undefined) this.registry.byToken.add(tokenId, this);
    if (expiresAt === undefined) return;
    this.#expirySecond = Math.ceil(expiresAt / 1_000);
    this.registry.byExpiry.add(this.#expirySecond, this);
  }

  #forgetToken(): void {
    if (this.#tokenId !== undefined) this.registry.byToken.delete(this.#tokenId, this);
    if (this.#expirySecond !== undefined) this.registry.byExpiry.delete(this.#expirySecond, this);
    this.#tokenId = undefined;
    this.#expirySecond = undefined;
  }
}

type TokenFigures = Pick<Connection, 'tokenId' | 'generation' | 'expiresAt'>;

const NO_TOKEN: TokenFigures = { tokenId: undefined, generation: undefined, expiresAt: undefined };

/** Why somebody is asked to come back elsewhere. */
export type WhySentAway = 'drain' | 'rebalance' | 'standstill' | 'isolated';

/** What seats are kept in; theirs and the registry's alone. */
interface Registry {
  idOf(number: number): string;
  readonly byUser: IndexOf<number, Seat>;
  readonly byToken: IndexOf<string, Seat>;
  readonly byExpiry: IndexOf<number, Seat>;
  readonly sentAway: Record<WhySentAway, number>;
  opened(): void;
  left(seat: Seat): void;
}

/**
 * Every socket of this node, of whatever kind, from the request on that asks for it. Taking and leaving a seat
 * costs the same however many there are.
 */
export class Connections {
  /** By number, and so the oldest first. */
  readonly #seats = new Map<number, Seat>();
  readonly #addresses = new Map<string, number>();
  readonly #registry: Registry = {
    idOf: (number) => this.#prefix + number.toString(36),
    byUser: new IndexOf(),
    byToken: new IndexOf(),
    byExpiry: new IndexOf(),
    sentAway: { drain: 0, rebalance: 0, standstill: 0, isolated: 0 },
    opened: () => {
      this.#open++;
    },
    left: (seat) => this.#left(seat),
  };

  readonly #prefix: string;
  #count = 0;
  #open = 0;

  /** @param nodeId unique among the nodes; with the time of this start it makes ids that no other connection had */
  constructor(nodeId: string) {
    this.#prefix = `${nodeId}-${startId()}-c`;
  }

  /** Sockets that are open. */
  get size(): number {
    return this.#open;
  }

  /** The same and those that were asked for and are not open yet. */
  get taken(): number {
    return this.#seats.size;
  }

  /** How many were asked to come back elsewhere, since the start. */
  get sentAway(): Readonly<Record<WhySentAway, number>> {
    return this.#registry.sentAway;
  }

  /** A seat for whoever asks from there; see {@link Seat}. */
  take(address: string): Seat {
    const seat = new Seat(this.#registry, this.#count++, address);
    this.#seats.set(seat.number, seat);
    this.#addresses.set(address, this.countFrom(address) + 1);
    return seat;
  }

  get(connectionId: string): Connection | undefined {
    if (!connectionId.startsWith(this.#prefix)) return undefined;
    return this.#seats.get(Number.parseInt(connectionId.slice(this.#prefix.length), 36))?.connection;
  }

  /** Seats taken from there. */
  countFrom(address: string): number {
    return this.#addresses.get(address) ?? 0;
  }

  /** Seats that this user has claimed. */
  countOf(userId: number): number {
    return this.#registry.byUser.count(userId);
  }

  ofUser(userId: number): Seat[] {
    return this.#registry.byUser.get(userId);
  }

  /** @param tokenId id of a session, or the key of all sessions of a user up to a generation */
  ofToken(tokenId: string): Seat[] {
    const sessions = readSessionsKey(tokenId);
    if (sessions === undefined) return this.#registry.byToken.get(tokenId);
    return this.ofUser(sessions.userId).filter(
      ({ generation }) => generation !== undefined && generation <= sessions.generation,
    );
  }

  /**
   * Seats whose token has ended, to the second. Costs a look at each second in which tokens end, and not at each
   * connection.
   * @param now milliseconds since 1970
   */
  expired(now: number): Seat[] {
    const second = Math.floor(now / 1_000);
    const expired: Seat[] = [];
    for (const key of this.#registry.byExpiry.keys()) {
      if (key <= second) expired.push(...this.#registry.byExpiry.get(key));
    }
    return expired;
  }

  /** Every seat, the oldest first. Those taken meanwhile are included, those left meanwhile are not. */
  seats(): IterableIterator<Seat> {
    return this.#seats.values();
  }

  #left(seat: Seat): void {
    this.#seats.delete(seat.number);
    if (seat.connection !== undefined) this.#open--;
    const others = this.countFrom(seat.address) - 1;
    if (others > 0) this.#addresses.set(seat.address, others);
    else this.#addresses.delete(seat.address);
  }
}
