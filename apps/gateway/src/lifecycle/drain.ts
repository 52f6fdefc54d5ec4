import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@chorus/service';
import type { Admission } from '../connections/admission.js';
import type { ConnectionRegistry } from '../connections/connection-registry.js';
import type { ReconnectCause } from '../connections/connection-slot.js';
import { requestReconnect, requestReconnects } from '../connections/request-reconnect.js';

export interface DrainParts {
  connections: ConnectionRegistry;
  admission: Admission;
  /** No more connections are accepted; open sockets stay. */
  stopListening(): void;
  /** How long the balancers in front may take to notice, in milliseconds. */
  delayMs: number;
  /** Over how long connections are spread, in milliseconds. */
  durationMs: number;
  log: Logger;
}

/** How long clients that were asked to reconnect may take to close, in milliseconds. */
const STRAGGLERS_MS = 2_000;
const STRAGGLERS_POLL_MS = 20;

/** Why a node that goes on is emptied. */
type Reason = 'operator' | 'isolated';

/**
 * Empties the node: says that it is not ready, waits until balancers have noticed, takes nobody in any more, and sends
 * everybody away at a pace that the other nodes can take.
 */
export class Drain {
  readonly #parts: DrainParts;
  /** Why it is emptied, until that is lifted. */
  readonly #reasons = new Set<Reason>();
  #lift: AbortController | undefined;
  #ending = false;
  #from: number | undefined;

  constructor(parts: DrainParts) {
    this.#parts = parts;
  }

  /** Whether this node gives up its connections, or soon will. */
  get draining(): boolean {
    return this.#ending || this.#reasons.size > 0;
  }

  /** Whether that is only because it is cut off from Redis while others are not. */
  get isolated(): boolean {
    return !this.#ending && this.#reasons.has('isolated') && this.#reasons.size === 1;
  }

  /** Connections when the drain began; undefined while there is none. */
  get from(): number | undefined {
    return this.#from;
  }

  /** An operator empties the node, or lets it take connections again. Does nothing for a node that is ending. */
  operate(on: boolean): void {
    if (this.#ending || on === this.#reasons.has('operator')) return;
    this.#parts.log.info({ on }, 'an operator drains this gateway, or not any more');
    this.#set('operator', on);
  }

  /** This gateway is cut off from Redis and others are not: its clients are better off there. Or that is over. */
  isolate(on: boolean): void {
    if (this.#ending || on === this.#reasons.has('isolated')) return;
    const { connections, log } = this.#parts;
    if (on)
      log.warn({ connections: connections.size }, 'only this gateway is cut off from Redis: it is emptied');
    else log.info('this gateway is not emptied any more for being cut off from Redis');
    this.#set('isolated', on);
  }

  /**
   * Empties the node for good. Resolves when nobody is left, or when those who are had their time.
   * @param closed called when nothing is admitted any more, before the first client is asked to reconnect
   */
  async end(closed: () => void): Promise<void> {
    const { connections, stopListening, log } = this.#parts;
    this.#ending = true;
    this.#from ??= connections.size;
    this.#lift?.abort();
    const start = performance.now();
    log.info({ connections: connections.taken }, 'draining');
    await this.#empty(new AbortController().signal, 'drain', () => {
      stopListening();
      closed();
    });
    const deadline = performance.now() + STRAGGLERS_MS;
    while (connections.taken > 0 && performance.now() < deadline) {
      await sleep(STRAGGLERS_POLL_MS);
      // Their upgrades were in progress when the other clients were asked.
      for (const slot of connections.slots()) requestReconnect(slot, 'drain');
    }
    log.info({ left: connections.taken, ms: Math.round(performance.now() - start) }, 'drained');
  }

  #set(reason: Reason, on: boolean): void {
    if (on) {
      this.#reasons.add(reason);
      if (this.#reasons.size === 1) this.#begin(reason === 'operator' ? 'drain' : reason);
    } else {
      this.#reasons.delete(reason);
      if (this.#reasons.size === 0) this.#stop();
    }
  }

  #begin(why: ReconnectCause): void {
    const lift = new AbortController();
    this.#lift = lift;
    this.#from = this.#parts.connections.size;
    this.#empty(lift.signal, why).catch((error: unknown) => {
      if (!lift.signal.aborted) this.#parts.log.error({ err: error }, 'draining failed');
    });
  }

  #stop(): void {
    this.#lift?.abort();
    this.#lift = undefined;
    this.#from = undefined;
    this.#parts.admission.closed = false;
  }

  async #empty(signal: AbortSignal, why: ReconnectCause, closed?: () => void): Promise<void> {
    const { connections, admission, delayMs, durationMs } = this.#parts;
    // Emptied before: whoever is in front knows.
    if (!admission.closed && delayMs > 0) await sleep(delayMs, undefined, { signal });
    admission.closed = true;
    closed?.();
    await requestReconnects(connections, durationMs, signal, why);
  }
}
