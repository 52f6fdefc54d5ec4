import type { LoggedEvent } from '@chorus/database';
import pLimit from 'p-limit';
import type { Failure } from './webhook-client.js';

/** A room whose delivery failed. */
export interface FailedRoom {
  /** In order; the first one is the one that failed. */
  readonly events: LoggedEvent[];
  readonly failure: Failure;
}

type Room = number | undefined;

/**
 * Events of one webhook that are read and not delivered, by room. Each room goes on by itself: one that waits for an answer holds up no
 * other, and rooms take turns when there are more of them than deliveries at a time. A room whose delivery failed waits for
 * {@link forget}.
 */
export class RoomQueues {
  readonly #queues = new Map<Room, LoggedEvent[]>();
  readonly #failed = new Map<Room, FailedRoom>();
  readonly #deliveries = new Set<Promise<void>>();
  readonly #limit: ReturnType<typeof pLimit>;
  #waiting = 0;
  #stopped = false;
  /** Resolves {@link idle}. */
  #idle = (): void => undefined;
  /** Number of deliveries that succeeded. */
  delivered = 0;

  /** @param concurrency deliveries at a time, one of each room */
  constructor(
    private readonly deliver: (event: LoggedEvent) => Promise<Failure | undefined>,
    concurrency: number,
  ) {
    this.#limit = pLimit(concurrency);
  }

  /** Number of events that are not delivered; those behind a failed one count. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Whether a delivery is in progress or due. */
  get isBusy(): boolean {
    return this.#queues.size > 0;
  }

  /** Adds the next events of some rooms. */
  add(rooms: readonly LoggedEvent[][]): void {
    for (const events of rooms) {
      const room = events[0]?.roomId;
      const queue = this.#queues.get(room);
      this.#waiting += events.length;
      (this.#failed.get(room)?.events ?? queue ?? this.#begin(room)).push(...events);
    }
  }

  /** Returns the rooms whose delivery failed. */
  failed(): FailedRoom[] {
    return [...this.#failed.values()];
  }

  /** Forgets rooms whose delivery failed, with their events. */
  forget(rooms: readonly FailedRoom[]): void {
    for (const { events } of rooms) {
      this.#failed.delete(events[0]?.roomId);
      this.#waiting -= events.length;
    }
  }

  /** Returns the events that are not delivered, by room, each in order. */
  undelivered(): LoggedEvent[][] {
    return [...this.#queues.values(), ...this.failed().map(({ events }) => events)];
  }

  /** Resolves when nothing is to be delivered, at the latest after a time in milliseconds. */
  async idle(withinMs: number): Promise<void> {
    if (!this.isBusy) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, withinMs);
      this.#idle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Begins no other delivery. Resolves after those in progress. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#deliveries);
  }

  #begin(room: Room): LoggedEvent[] {
    const queue: LoggedEvent[] = [];
    this.#queues.set(room, queue);
    this.#take(room, queue);
    return queue;
  }

  #take(room: Room, queue: LoggedEvent[]): void {
    const delivery = this.#limit(() => this.#next(room, queue)).finally(() =>
      this.#deliveries.delete(delivery),
    );
    this.#deliveries.add(delivery);
  }

  async #next(room: Room, queue: LoggedEvent[]): Promise<void> {
    const [event] = queue;
    if (this.#stopped || event === undefined) return;
    const failure = await this.deliver(event);
    if (failure === undefined) {
      queue.shift();
      this.#waiting--;
      this.delivered++;
      // Behind the other rooms that wait for their turn.
      if (queue.length > 0) return this.#take(room, queue);
    }
    this.#queues.delete(room);
    if (failure !== undefined) this.#failed.set(room, { events: queue, failure });
    if (!this.isBusy) this.#idle();
  }
}
