import type { Broker } from '@chorus/broker';
import type { Metrics } from '@chorus/service';

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

const FAST = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const SLOW = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Registers the histograms of a gateway; without metrics durations go nowhere. */
export function addGatewayTimings(metrics: Metrics | undefined): Timings {
  if (metrics === undefined) {
    const nowhere = () => undefined;
    return new Timings({ publish: nowhere, relay: nowhere, probe: nowhere, recovery: nowhere });
  }
  const histogram = (name: string, help: string, buckets: readonly number[]) => {
    const observations = metrics.histogram(`chorus_gateway_${name}_seconds`, help, buckets);
    return (seconds: number) => observations.observe(seconds);
  };
  return new Timings({
    publish: histogram(
      'publish',
      'Time from handing a message to the broker to its number from Redis; sampled.',
      FAST,
    ),
    relay: histogram(
      'relay',
      'Time from sentAt to handing the message to the sockets of this gateway; sampled.',
      FAST,
    ),
    probe: histogram('probe', 'Round trips of probes through Redis.', FAST),
    recovery: histogram('recovery', 'Time from a resume request to the last missed message.', SLOW),
  });
}

/** Of what comes often one in so many is looked at. */
const ONE_IN = 64;
/** What comes after such a pause, in milliseconds, is looked at in any case: else a quiet node would tell nothing. */
const QUIET_MS = 1_000;

/** Chooses whom to look at closely, so that most cost nothing but the choice. */
export class Sampler {
  #count = 0;
  #at = Number.NEGATIVE_INFINITY;

  /** @param now milliseconds of `performance.now()` */
  takes(now: number): boolean {
    if ((++this.#count & (ONE_IN - 1)) !== 0 && now - this.#at < QUIET_MS) return false;
    this.#at = now;
    return true;
  }
}

const NAME = Buffer.from('"sentAt":');
/** The name and what may follow it in a frame, which is less than that in any case: a number, and the sender's own id. */
const TAIL_BYTES = 256;

/**
 * When a message was sent, as its frame says, in milliseconds since 1970; undefined for what is no message. Nothing that
 * a sender chooses comes after it but an id without quotes, so the last one is the right one whatever the text says.
 */
export function readSentAt(frame: Uint8Array): number | undefined {
  const tail = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength).subarray(-TAIL_BYTES);
  const at = tail.lastIndexOf(NAME);
  if (at < 0) return undefined;
  const sentAt = Number.parseInt(tail.toString('latin1', at + NAME.length), 10);
  return Number.isNaN(sentAt) ? undefined : sentAt;
}
