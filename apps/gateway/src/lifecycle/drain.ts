import type { Logger } from '@chorus/service';
import type { Admission } from '../connections/admission.js';
import type { ConnectionRegistry } from '../connections/connection-registry.js';
import type { ReconnectCause } from '../connections/connection-slot.js';
import {
  type ReconnectClock,
  requestReconnect,
  requestReconnects,
  SYSTEM_CLOCK,
} from '../connections/request-reconnect.js';
import type { RolloutHold } from './rollout.js';

export interface DrainParts {
  connections: ConnectionRegistry;
  admission: Pick<Admission, 'closed'>;
  /** Accepts no more connections; open sockets stay. */
  stopListening(): void;
  /** Time that load balancers get to notice that the node is not ready, in milliseconds. */
  delayMs: number;
  /** Time over which the reconnect requests are spread, in milliseconds. */
  durationMs: number;
  /** Awaited before the first client of a gateway that ends is asked to reconnect. */
  hold: Pick<RolloutHold, 'wait'>;
  log: Logger;
  clock?: ReconnectClock;
}

/** Time that clients get to close after the last reconnect request, in milliseconds. */
const STRAGGLERS_MS = 2_000;
const STRAGGLERS_POLL_MS = 20;

/** Why a node that keeps running is drained. */
type Reason = 'operator' | 'isolated';

/**
 * Drains the node: reports not ready, waits until load balancers have noticed, refuses new connections, and asks all
 * clients to reconnect at a pace that the other nodes can take.
 */
export class Drain {
  readonly #parts: DrainParts;
  readonly #clock: ReconnectClock;
  /** Reasons to drain that hold at present. */
  readonly #reasons = new Set<Reason>();
  #lift: AbortController | undefined;
  #ending = false;
  #from: number | undefined;

  constructor(parts: DrainParts) {
    this.#parts = parts;
    this.#clock = parts.clock ?? SYSTEM_CLOCK;
  }

  /** Whether this node is draining or about to. */
  get draining(): boolean {
    return this.#ending || this.#reasons.size > 0;
  }

  /** Whether the node is draining only because it alone is cut off from Redis. */
  get isolated(): boolean {
    return !this.#ending && this.#reasons.has('isolated') && this.#reasons.size === 1;
  }

  /** Number of connections when the drain began; undefined without a drain. */
  get from(): number | undefined {
    return this.#from;
  }

  /** Starts or ends a drain on behalf of an operator. Does nothing on a node that is shutting down. */
  operate(on: boolean): void {
    if (this.#ending || on === this.#reasons.has('operator')) return;
    this.#parts.log.info({ on }, 'an operator changed the drain of this gateway');
    this.#set('operator', on);
  }

  /** Starts a drain when this gateway alone is cut off from Redis, or ends it. */
  isolate(on: boolean): void {
    if (this.#ending || on === this.#reasons.has('isolated')) return;
    const { connections, log } = this.#parts;
    if (on) log.warn({ connections: connections.size }, 'only this gateway is cut off from Redis: it drains');
    else log.info('this gateway no longer drains for being cut off from Redis');
    this.#set('isolated', on);
  }

  /**
   * Drains the node for good. Resolves when all connections have closed, or after their time is up.
   * @param closed called before the first client is asked to reconnect, when admission has ended
   */
  async end(closed: () => void): Promise<void> {
    const { connections, stopListening, hold, log } = this.#parts;
    this.#ending = true;
    this.#from ??= connections.size;
    this.#lift?.abort();
    const start = this.#clock.now();
    log.info({ connections: connections.taken }, 'draining');
    const never = new AbortController().signal;
    await this.#empty(never, 'drain', async () => {
      // Listening meanwhile: it answers probes.
      await hold.wait();
      stopListening();
      closed();
    });
    const deadline = this.#clock.now() + STRAGGLERS_MS;
    while (connections.taken > 0 && this.#clock.now() < deadline) {
      await this.#clock.sleep(STRAGGLERS_POLL_MS, never);
      // The upgrades of these connections were in progress when the other clients were asked.
      for (const slot of connections.slots()) requestReconnect(slot, 'drain');
    }
    log.info({ left: connections.taken, ms: Math.round(this.#clock.now() - start) }, 'drained');
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

  async #empty(signal: AbortSignal, why: ReconnectCause, closed?: () => Promise<void>): Promise<void> {
    const { connections, admission, delayMs, durationMs } = this.#parts;
    // If admission was closed before, load balancers have noticed already.
    if (!admission.closed && delayMs > 0) await this.#clock.sleep(delayMs, signal);
    admission.closed = true;
    await closed?.();
    await requestReconnects(connections, durationMs, signal, why, this.#clock);
  }
}
