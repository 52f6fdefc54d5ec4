import { readSessionsKey } from '@chorus/control';
import type { Connection } from './connection.js';
import { ConnectionSlot, type ReconnectCause, type SlotIndexes } from './connection-slot.js';
import { IndexOf } from './index-of.js';
import { startId } from './start-id.js';

/** Every socket of this node, in any protocol, from its request on. Taking and releasing a slot takes constant time. */
export class ConnectionRegistry {
  /** By number, and so the oldest first. */
  readonly #slots = new Map<number, ConnectionSlot>();
  readonly #addresses = new Map<string, number>();
  readonly #indexes: SlotIndexes = {
    idOf: (number) => this.#prefix + number.toString(36),
    byUser: new IndexOf(),
    byToken: new IndexOf(),
    byExpiry: new IndexOf(),
    reconnectRequests: { drain: 0, rebalance: 0, standstill: 0, isolated: 0 },
    opened: () => {
      this.#open++;
    },
    released: (slot) => this.#released(slot),
  };

  readonly #prefix: string;
  #count = 0;
  #open = 0;

  /** @param nodeId unique among the nodes; with the time of this start it makes ids that no other connection had */
  constructor(nodeId: string) {
    this.#prefix = `${nodeId}-${startId()}-c`;
  }

  /** Open sockets. */
  get size(): number {
    return this.#open;
  }

  /** Slots in use: open sockets and upgrades in progress. */
  get taken(): number {
    return this.#slots.size;
  }

  /** Clients that were asked to reconnect, since the start. */
  get reconnectRequests(): Readonly<Record<ReconnectCause, number>> {
    return this.#indexes.reconnectRequests;
  }

  /** Takes a slot for a client of that address. The caller releases it. */
  take(address: string): ConnectionSlot {
    const slot = new ConnectionSlot(this.#indexes, this.#count++, address);
    this.#slots.set(slot.number, slot);
    this.#addresses.set(address, this.countFrom(address) + 1);
    return slot;
  }

  get(connectionId: string): Connection | undefined {
    if (!connectionId.startsWith(this.#prefix)) return undefined;
    return this.#slots.get(Number.parseInt(connectionId.slice(this.#prefix.length), 36))?.connection;
  }

  /** Slots taken by clients of that address. */
  countFrom(address: string): number {
    return this.#addresses.get(address) ?? 0;
  }

  /** Slots that this user has claimed. */
  countOf(userId: number): number {
    return this.#indexes.byUser.count(userId);
  }

  ofUser(userId: number): ConnectionSlot[] {
    return this.#indexes.byUser.get(userId);
  }

  /** @param tokenId id of a session, or the key of all sessions of a user up to a generation */
  ofToken(tokenId: string): ConnectionSlot[] {
    const sessions = readSessionsKey(tokenId);
    if (sessions === undefined) return this.#indexes.byToken.get(tokenId);
    return this.ofUser(sessions.userId).filter(
      ({ generation }) => generation !== undefined && generation <= sessions.generation,
    );
  }

  /**
   * Slots whose token has expired, to the second. Looks at each second in which tokens expire, not at each connection.
   * @param now milliseconds since 1970
   */
  expired(now: number): ConnectionSlot[] {
    const second = Math.floor(now / 1_000);
    const expired: ConnectionSlot[] = [];
    for (const key of this.#indexes.byExpiry.keys()) {
      if (key <= second) expired.push(...this.#indexes.byExpiry.get(key));
    }
    return expired;
  }

  /** Every slot, the oldest first. Slots taken meanwhile are included, released ones are not. */
  slots(): IterableIterator<ConnectionSlot> {
    return this.#slots.values();
  }

  #released(slot: ConnectionSlot): void {
    this.#slots.delete(slot.number);
    if (slot.connection !== undefined) this.#open--;
    const others = this.countFrom(slot.address) - 1;
    if (others > 0) this.#addresses.set(slot.address, others);
    else this.#addresses.delete(slot.address);
  }
}
