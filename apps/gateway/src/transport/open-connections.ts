import { clientAddress, SilentConnections } from '@chorus/service';

/** The WebSocket library closes a connection that is silent for 10 s, give or take its timer of 4 s; in milliseconds. */
const SILENT_AT_MOST_MS = 14_000;

/**
 * Connections that hold a descriptor of this process: sockets, and connections that have not become one. The library
 * reports each that opens, with its address, and each that ends, without.
 */
export class OpenConnections {
  readonly #silent = new SilentConnections(SILENT_AT_MOST_MS);
  #total = 0;

  /**
   * @param limits `capacity` is the number of descriptors for connections; `byAddress` limits those of one address that
   *   have sent nothing, and is false behind proxies, whose addresses say nothing about clients
   */
  constructor(private readonly limits: { readonly capacity: number; readonly byAddress: boolean }) {}

  /** @param remoteAddress of the connection itself @returns false if it must be closed at once */
  opened(remoteAddress: string): boolean {
    this.#total++;
    const { capacity, byAddress } = this.limits;
    const free = capacity - this.#total + 1;
    if (free < 1) return false;
    return !byAddress || this.#silent.opened(addressOf(remoteAddress), free);
  }

  /** A connection sent its request. Each has one: the gateway closes it with the answer. */
  asked(remoteAddress: string): void {
    if (this.limits.byAddress) this.#silent.left(addressOf(remoteAddress));
  }

  closed(): void {
    this.#total--;
  }
}

function addressOf(remoteAddress: string): string {
  return clientAddress(remoteAddress, undefined, 0);
}
