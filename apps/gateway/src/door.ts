import type { Logger } from '@chorus/service';
import type { PortSharing } from './port-sharing.js';
import type { Transport } from './transport.js';

/** How long until listening is tried again when it failed, in milliseconds. */
const RETRY_MS = 1_000;

/**
 * Where connections come in. A gateway alone on its port listens until it ends, also while it takes nobody: balancers
 * see its answers and stay away. Of several on one port that would turn away one connection in so many although others
 * would take it, so one that takes nobody leaves the port to the others, as long as there are any.
 */
export class Door {
  readonly #sharing: PortSharing | undefined;
  readonly #log: Logger;
  #transport: Transport | undefined;
  /** Aborted when it is opened again, or shut for good. */
  #leaving: AbortController | undefined;
  #left = false;
  #shut = false;

  constructor(sharing: PortSharing | undefined, log: Logger) {
    this.#sharing = sharing;
    this.#log = log;
  }

  /** The transport listens. To be called once. */
  attach(transport: Transport): void {
    this.#transport = transport;
    this.#sharing?.onRelieved(() => void this.#goAway());
    this.#sharing?.taking(transport.port);
  }

  /** Whether others take what comes to the port. What somebody asks here about the port is then to be answered for them. */
  get passesOn(): boolean {
    return this.#left;
  }

  /** Leaves the port to others. Resolves with whether there are any; to nobody it is left. */
  async leave(): Promise<boolean> {
    if (this.#sharing === undefined || this.#shut) return false;
    const leaving = new AbortController();
    this.#leaving = leaving;
    // Until it is known that there is nobody else.
    this.#left = true;
    const may = await this.#sharing.leave();
    if (leaving.signal.aborted) return false;
    this.#left = may;
    if (may) await this.#goAway();
    return may && !leaving.signal.aborted;
  }

  /** Takes connections again. */
  open(): void {
    if (this.#leaving === undefined || this.#shut) return;
    this.#leaving.abort();
    this.#leaving = undefined;
    this.#left = false;
    void this.#listen();
  }

  /** Listens no more, for good. */
  shut(): void {
    this.#shut = true;
    this.#leaving?.abort();
    this.#transport?.stopListening();
  }

  async #goAway(): Promise<void> {
    const signal = this.#leaving?.signal;
    if (signal === undefined || signal.aborted) return;
    this.#left = true;
    await this.#transport?.leave(signal);
  }

  async #listen(): Promise<void> {
    const transport = this.#transport;
    if (transport === undefined || this.#leaving !== undefined || this.#shut) return;
    try {
      await transport.listen();
      if (this.#leaving === undefined) this.#sharing?.taking(transport.port);
    } catch (error) {
      this.#log.error({ err: error }, 'cannot listen again');
      setTimeout(() => void this.#listen(), RETRY_MS).unref();
    }
  }
}
