import type { Closeable, Logger } from '@chorus/service';
import type { PeerGateways } from './peers.js';

export interface IsolationParts {
  /** Whether messages flow on this gateway. */
  healthy(): boolean;
  peers: Pick<PeerGateways, 'size' | 'refresh' | 'areReady'>;
  /** Time without Redis after which this gateway queries the others, in milliseconds; 0 disables the check. */
  afterMs: number;
  /** Called when this gateway becomes isolated or is no longer isolated. */
  onChange(isolated: boolean): void;
  log: Logger;
  /** Interval between checks, in milliseconds. */
  stepMs?: number;
}

const STEP_MS = 1_000;
/** Checks of this gateway between two reads of the list of gateways. */
const REFRESH_STEPS = 3;
/** Gateways per check for which the list is read less often: all of them together read it, and it has all of them. */
const PEERS_PER_STEP = 10;
/**
 * Time for which the others must have been ready, in milliseconds, but at most as long as this gateway was cut off:
 * after an outage of all gateways, they recover at different moments.
 */
const READY_MS = 5_000;
/** Number of consecutive checks with unready gateways that end the isolation: a single one may be chance. */
const UNREADY_CHECKS = 2;

/**
 * Detects that this gateway alone is cut off from Redis. Only then do its clients reach Redis through another gateway;
 * in an outage of all gateways, they stay connected.
 */
export class Isolation implements Closeable {
  readonly #parts: IsolationParts;
  readonly #stepMs: number;
  #timer: NodeJS.Timeout | undefined;
  #checking: Promise<void> | undefined;
  #untilRefresh = 0;
  #checkedAt = performance.now();
  #cutOffSince: number | undefined;
  #readySince: number | undefined;
  #unreadyChecks = 0;
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
    await this.#checking;
  }

  #arm(delayMs = this.#stepMs): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#checking = this.#check()
        .catch((error: unknown) =>
          this.#parts.log.debug({ error: String(error) }, 'the list of gateways could not be read'),
        )
        .finally(() => this.#arm());
    }, delayMs);
  }

  async #check(): Promise<void> {
    const now = performance.now();
    const stoodStill = now - this.#checkedAt > 3 * this.#stepMs + READY_MS;
    this.#checkedAt = now;
    if (this.#parts.healthy()) {
      this.#cutOffSince = undefined;
      this.#become(false);
      await this.#refresh();
      return;
    }
    // A standstill of this process proves nothing about Redis.
    if (this.#cutOffSince === undefined || stoodStill) this.#cutOffSince = now;
    if (now - this.#cutOffSince < this.#parts.afterMs) return;
    const ready = await this.#parts.peers.areReady();
    if (this.#closed || this.#parts.healthy()) return;
    this.#evaluate(ready);
  }

  async #refresh(): Promise<void> {
    if (--this.#untilRefresh > 0) return;
    this.#untilRefresh = REFRESH_STEPS;
    await this.#parts.peers.refresh();
    this.#untilRefresh = Math.max(REFRESH_STEPS, Math.ceil(this.#parts.peers.size / PEERS_PER_STEP));
  }

  #evaluate(ready: boolean): void {
    if (!ready) {
      this.#readySince = undefined;
      if (++this.#unreadyChecks >= UNREADY_CHECKS) this.#become(false);
      return;
    }
    this.#unreadyChecks = 0;
    const now = performance.now();
    this.#readySince ??= now;
    if (now - this.#readySince >= Math.min(READY_MS, this.#parts.afterMs)) this.#become(true);
  }

  #become(isolated: boolean): void {
    if (!isolated) this.#readySince = undefined;
    if (isolated === this.#isolated) return;
    this.#isolated = isolated;
    this.#unreadyChecks = 0;
    this.#parts.onChange(isolated);
  }
}
