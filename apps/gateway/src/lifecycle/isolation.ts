import type { Closeable, Logger } from '@chorus/service';
import type { Peers } from './peers.js';

export interface IsolationParts {
  /** Whether messages flow here. */
  healthy(): boolean;
  peers: Pick<Peers, 'refresh' | 'areWell'>;
  /** How long this gateway may be cut off before it asks the others, in milliseconds; 0 never does. */
  afterMs: number;
  /** It alone is cut off, or not any more. */
  onChange(isolated: boolean): void;
  log: Logger;
  /** Between two looks, in milliseconds. */
  stepMs?: number;
}

const STEP_MS = 1_000;
/** The others are looked up each time after so many looks at this gateway. */
const REFRESH_STEPS = 3;
/**
 * For so long, in milliseconds, but not for longer than this one was cut off, the others have to be well: after an outage
 * that all of them shared not all are back in the same moment.
 */
const WELL_MS = 5_000;
/** So many looks in a row at which the others are not well end it: one may be chance. */
const DOUBTS = 2;

/**
 * Notices that this gateway alone is cut off from Redis while the others are not. Only then are its clients better off
 * elsewhere: in an outage that concerns every gateway they stay, because others could do no more for them.
 */
export class Isolation implements Closeable {
  readonly #parts: IsolationParts;
  readonly #stepMs: number;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #untilRefresh = 0;
  #lookedAt = performance.now();
  #cutOffSince: number | undefined;
  #wellSince: number | undefined;
  #doubts = 0;
  #isolated = false;
  #closed = false;

  constructor(parts: IsolationParts) {
    this.#parts = parts;
    this.#stepMs = parts.stepMs ?? STEP_MS;
    if (parts.afterMs > 0) this.#arm(0);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#looking;
  }

  #arm(delayMs = this.#stepMs): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#looking = this.#look()
        .catch((error: unknown) => this.#parts.log.debug({ error: String(error) }, 'gateways are not known'))
        .finally(() => this.#arm());
    }, delayMs);
  }

  async #look(): Promise<void> {
    const now = performance.now();
    const stoodStill = now - this.#lookedAt > 3 * this.#stepMs + WELL_MS;
    this.#lookedAt = now;
    if (this.#parts.healthy()) {
      this.#cutOffSince = undefined;
      this.#become(false);
      await this.#refresh();
      return;
    }
    // Time in which this process did nothing says nothing about Redis.
    if (this.#cutOffSince === undefined || stoodStill) this.#cutOffSince = now;
    if (now - this.#cutOffSince < this.#parts.afterMs) return;
    const well = await this.#parts.peers.areWell();
    if (this.#closed || this.#parts.healthy()) return;
    this.#note(well);
  }

  async #refresh(): Promise<void> {
    if (--this.#untilRefresh > 0) return;
    this.#untilRefresh = REFRESH_STEPS;
    await this.#parts.peers.refresh();
  }

  #note(well: boolean): void {
    if (!well) {
      this.#wellSince = undefined;
      if (++this.#doubts >= DOUBTS) this.#become(false);
      return;
    }
    this.#doubts = 0;
    const now = performance.now();
    this.#wellSince ??= now;
    if (now - this.#wellSince >= Math.min(WELL_MS, this.#parts.afterMs)) this.#become(true);
  }

  #become(isolated: boolean): void {
    if (!isolated) this.#wellSince = undefined;
    if (isolated === this.#isolated) return;
    this.#isolated = isolated;
    this.#doubts = 0;
    this.#parts.onChange(isolated);
  }
}
