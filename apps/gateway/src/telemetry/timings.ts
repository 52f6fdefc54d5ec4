import type { Broker } from '@chorus/broker';
import { readSentAt } from './read-sent-at.js';
import { Sampler } from './sampler.js';

/** Takes down how long something took, in seconds. */
export type Observe = (seconds: number) => void;

/** Where the durations go that a gateway takes down. */
export interface TimingSinks {
  publish: Observe;
  relay: Observe;
  probe: Observe;
  recovery: Observe;
}

/** How long the steps of a message's life take here: of one in many, so that the others cost nothing. */
export class Timings {
  readonly #publishes = new Sampler();
  readonly #deliveries = new Sampler();
  /** How many relays were taken down, and how long all of them took, in milliseconds. */
  relays = 0;
  relayMs = 0;

  constructor(private readonly sinks: TimingSinks) {}

  /** As `Broker.publish`, of which it is a part. */
  publish(broker: Broker): Broker['publish'] {
    return (roomId, body, idempotencyKey) => {
      const begun = performance.now();
      const position = broker.publish(roomId, body, idempotencyKey);
      if (this.#publishes.takes(begun)) {
        position.then(
          () => this.sinks.publish((performance.now() - begun) / 1_000),
          // The sender is told; what was refused says nothing about how long it takes.
          () => undefined,
        );
      }
      return position;
    };
  }

  /** A message was handed to the sockets. */
  delivered(frame: Uint8Array): void {
    if (!this.#deliveries.takes(performance.now())) return;
    const sentAt = readSentAt(frame);
    if (sentAt === undefined) return;
    // Clocks of two gateways: the sender's may be ahead.
    const ms = Math.max(0, Date.now() - sentAt);
    this.relays++;
    this.relayMs += ms;
    this.sinks.relay(ms / 1_000);
  }

  probed(ms: number): void {
    this.sinks.probe(ms / 1_000);
  }

  recovered(ms: number): void {
    this.sinks.recovery(ms / 1_000);
  }
}
