import type { BrokerListener, ControlEvent, Position } from '@chorus/broker';
import { type Clock, systemClock } from '@chorus/service';

/** Limits of a {@link DeliveryPace}. */
export interface PaceOptions {
  /** Longest wait, in milliseconds; 0 disables gathering. */
  maxMs: number;
  /** How long arrivals wait at the moment, from 0 (not at all) to 1 (`maxMs`). */
  gathering(now: number): number;
}

/**
 * Gathers arrivals for the rooms of this node while processor time is scarce, so that several messages for a socket leave in
 * one `write`, which is the largest part of the cost of a delivery, and one tick of the event loop serves many rooms.
 *
 * Stands in front of everything that evaluates positions: for the rest of the gateway, a waiting message has not
 * arrived. Arrivals of every kind are handed on in their order.
 */
export class DeliveryPace implements BrokerListener {
  #waiting: Array<() => void> = [];
  #timed = false;
  #handedOnAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly listener: BrokerListener,
    private readonly options: PaceOptions,
    private readonly clock: Clock = systemClock,
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

  /** Urgent: releases everything that waits. */
  onControl(event: ControlEvent): void {
    this.#handOn();
    this.listener.onControl(event);
  }

  onResumed(): void {
    this.#handOn();
    this.listener.onResumed();
  }

  /** Whether an arrival is handed on at once; otherwise sets the time at which everything waiting is released. */
  #mayPass(): boolean {
    if (this.options.maxMs === 0) return true;
    if (this.#timed) return false;
    const now = this.clock.now();
    const wait = this.#handedOnAt + this.options.maxMs * this.options.gathering(now) - now;
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
