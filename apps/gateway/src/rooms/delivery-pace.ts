import type { BrokerListener, ControlEvent, Position } from '@chorus/broker';

/** Limits of a {@link DeliveryPace}. */
export interface PaceOptions {
  /** Longest wait, in milliseconds; 0 never waits. */
  maxMs: number;
  /** How busy the process is at that time, from 0, when nothing is to wait, to 1, when all may wait as long as allowed. */
  busy(now: number): number;
}

/** Where the time comes from. */
export interface PaceClock {
  /** Milliseconds since any moment. */
  now(): number;
  after(ms: number, action: () => void): void;
}

const SYSTEM_CLOCK: PaceClock = {
  now: () => performance.now(),
  after: (ms, action) => {
    setTimeout(action, ms);
  },
};

/**
 * Gathers what arrives for the rooms of this node while the node is busy, so that several messages for a socket leave
 * in one `write`, which is most of what a delivery costs, and one turn of the loop serves many rooms. The busier it is
 * the longer it gathers; while it is quiet nothing waits.
 *
 * It stands before everything that looks at positions: to the rest of the gateway a message that waits here has not
 * arrived. What arrives is handed on in its order, whatever it is.
 */
export class DeliveryPace implements BrokerListener {
  #waiting: Array<() => void> = [];
  #timed = false;
  #handedOnAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly listener: BrokerListener,
    private readonly options: PaceOptions,
    private readonly clock: PaceClock = SYSTEM_CLOCK,
  ) {}

  onMessage(roomId: number, position: Position, frame: Uint8Array): void {
    if (this.#mayPass()) this.listener.onMessage(roomId, position, frame);
    else this.#waiting.push(() => this.listener.onMessage(roomId, position, frame));
  }

  onNotice(roomId: number, frame: Uint8Array): void {
    if (this.#mayPass()) this.listener.onNotice(roomId, frame);
    else this.#waiting.push(() => this.listener.onNotice(roomId, frame));
  }

  onMoved(roomId: number, to?: Position): void {
    if (this.#mayPass()) this.listener.onMoved?.(roomId, to);
    else this.#waiting.push(() => this.listener.onMoved?.(roomId, to));
  }

  onStored(roomId: number, upTo: Position): void {
    if (this.#mayPass()) this.listener.onStored(roomId, upTo);
    else this.#waiting.push(() => this.listener.onStored(roomId, upTo));
  }

  /** Urgent: nothing waits any longer. */
  onControl(event: ControlEvent): void {
    this.#handOn();
    this.listener.onControl(event);
  }

  onResumed(): void {
    this.#handOn();
    this.listener.onResumed();
  }

  /** Whether what arrives now goes on at once; else a time is set when all that waits does. */
  #mayPass(): boolean {
    if (this.options.maxMs === 0) return true;
    if (this.#timed) return false;
    const now = this.clock.now();
    const wait = this.#handedOnAt + this.options.maxMs * this.options.busy(now) - now;
    if (wait < 1) {
      this.#handedOnAt = now;
      return true;
    }
    this.#timed = true;
    this.clock.after(wait, () => {
      this.#timed = false;
      this.#handOn();
    });
    return false;
  }

  #handOn(): void {
    this.#handedOnAt = this.clock.now();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const handOn of waiting) handOn();
  }
}
