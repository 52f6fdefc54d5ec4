import { readSessionsKey } from '@chorus/control';
import type { Connection } from './connection.js';
import { ConnectionSlot, type ReconnectCause, type SlotIndexes } from './connection-slot.js';
import { IndexOf } from './index-of.js';
import { startId } from './start-id.js';

/**
 * All sockets of this node, of any protocol, from the upgrade request on. Taking and releasing a slot takes constant
 * time.
 */
export class ConnectionRegistry {
  /** By number, which is the order of age: oldest first. */
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

  /**
   * @param nodeId unique among the nodes; combined with a random start id, it makes connection ids unique in the
   *   cluster
   */
  constructor(nodeId: string) {
    this.#prefix = `${nodeId}-${startId()}-c`;
  }

  /** Number of open sockets. */
  get size(): number {
    return this.#open;
  }

  /** Number of slots in use: open sockets plus upgrades in progress. */
  get taken(): number {
    return this.#slots.size;
  }

  /** Number of clients that were asked to reconnect since the start of the process, by cause. */
  get reconnectRequests(): Readonly<Record<ReconnectCause, number>> {
    return this.#indexes.reconnectRequests;
  }

  /** Takes a slot for a client at that address. The caller releases it. */
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

  /** Number of slots taken by clients at that address. */
  countFrom(address: string): number {
    return this.#addresses.get(address) ?? 0;
  }

  /** Number of slots claimed for that user. */
  countOf(userId: number): number {
    return this.#indexes.byUser.count(userId);
  }

  ofUser(userId: number): ConnectionSlot[] {
    return this.#indexes.byUser.get(userId);
  }

  /** Slots of a token. @param tokenId id of a session, or the key of all sessions of a user up to a generation */
  ofToken(tokenId: string): ConnectionSlot[] {
    const sessions = readSessionsKey(tokenId);
    if (sessions === undefined) return this.#indexes.byToken.get(tokenId);
    return this.ofUser(sessions.userId).filter(
      ({ generation }) => generation !== undefined && generation <= sessions.generation,
    );
  }

  /**
   * Slots whose token has expired, to the second. Visits each second in which tokens expire, not each connection.
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

  /** Every slot, oldest first. The walk includes slots taken meanwhile and leaves out released ones. */
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
