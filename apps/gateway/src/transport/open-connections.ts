import { clientAddress, SilentConnections } from '@chorus/service';

/**
 * Time after which the WebSocket library closes a silent connection, in milliseconds: 10 s plus its timer's period of 4
 * s.
 */
const SILENT_AT_MOST_MS = 14_000;

/**
 * Connections that hold a descriptor of this process: sockets, and connections that have not become sockets. The
 * library reports each connection that opens, with its address, and each that ends, without its address.
 */
export class OpenConnections {
  readonly #silent = new SilentConnections(SILENT_AT_MOST_MS);
  #total = 0;

  /**
   * @param limits `capacity` is the number of descriptors for connections; `byAddress` limits those of one address that
   *   have sent nothing, and is false behind proxies, whose addresses say nothing about clients
   */
  constructor(private readonly limits: { readonly capacity: number; readonly byAddress: boolean }) {}

  /**
   * Registers a connection.
   * @param remoteAddress of the connection itself
   * @returns false if it must be closed at once
   */
  opened(remoteAddress: string): boolean {
    this.#total++;
    const { capacity, byAddress } = this.limits;
    const free = capacity - this.#total + 1;
    if (free < 1) return false;
    return !byAddress || this.#silent.opened(addressOf(remoteAddress), free);
  }

  /**
   * Registers the request of a connection. Each connection has one request: the gateway closes it with the response.
   */
  requested(remoteAddress: string): void {
    if (this.limits.byAddress) this.#silent.left(addressOf(remoteAddress));
  }

  closed(): void {
    this.#total--;
  }
}

function addressOf(remoteAddress: string): string {
  return clientAddress(remoteAddress, undefined, 0);
}
