import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@chorus/service';
import type { Admission } from '../connections/admission.js';
import type { Connections, WhySentAway } from '../connections/connections.js';
import { sendAllAway, sendAway } from '../connections/send-away.js';

export interface DrainParts {
  connections: Connections;
  admission: Admission;
  /** No more connections are accepted; open sockets stay. */
  stopListening(): void;
  /** How long the balancers in front may take to notice, in milliseconds. */
  delayMs: number;
  /** Over how long connections are spread, in milliseconds. */
  durationMs: number;
  log: Logger;
}

/** How long those who were sent away may take to say good-bye, in milliseconds. */
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

  /** How many there were when it began; undefined while nobody is sent away. */
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
   * @param closed called when nobody is taken in any more, before the first is sent away
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
      // Their upgrades were under way when the others were sent away.
      for (const seat of connections.seats()) sendAway(seat, 'drain');
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

  #begin(why: WhySentAway): void {
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

  async #empty(signal: AbortSignal, why: WhySentAway, closed?: () => void): Promise<void> {
    const { connections, admission, delayMs, durationMs } = this.#parts;
    // Emptied before: whoever is in front knows.
    if (!admission.closed && delayMs > 0) await sleep(delayMs, undefined, { signal });
    admission.closed = true;
    closed?.();
    await sendAllAway(connections, durationMs, signal, why);
  }
}
