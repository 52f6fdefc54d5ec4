import type { Broker } from '@chorus/broker';
import type { Metrics } from '@chorus/service';

/** Records a duration, in seconds. */
export type Observe = (seconds: number) => void;

/** Receivers of the durations that a gateway measures. */
export interface TimingSinks {
  publish: Observe;
  relay: Observe;
  probe: Observe;
  recovery: Observe;
}

/** Measures the steps of a message's life on this node. Samples messages, so that most cost nothing. */
export class Timings {
  readonly #publishes = new Sampler();
  readonly #deliveries = new Sampler();
  /** Number of sampled relays, and the sum of their durations in milliseconds. */
  relays = 0;
  relayMs = 0;

  constructor(private readonly sinks: TimingSinks) {}

  /** Wraps `Broker.publish` and samples its duration. */
  publish(broker: Broker): Broker['publish'] {
    return (roomId, body, idempotencyKey) => {
      const begun = performance.now();
      const position = broker.publish(roomId, body, idempotencyKey);
      if (this.#publishes.takes(begun)) {
        position.then(
          () => this.sinks.publish((performance.now() - begun) / 1_000),
          // The sender handles the error. A refusal says nothing about the duration of a publish.
          () => undefined,
        );
      }
      return position;
    };
  }

  /** Samples the time from sending to delivery. */
  delivered(frame: Uint8Array): void {
    if (!this.#deliveries.takes(performance.now())) return;
    const sentAt = readSentAt(frame);
    if (sentAt === undefined) return;
    // The two times come from clocks of two gateways, and the sender's may be ahead.
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

/** Registers the histograms of a gateway; without metrics, durations are dropped. */
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

/** One in this many events is sampled. */
const ONE_IN = 64;
/**
 * An event after a pause of this length, in milliseconds, is always sampled: otherwise a quiet node would report
 * nothing.
 */
const QUIET_MS = 1_000;

/** Chooses the events to measure, so that most cost only the choice. */
export class Sampler {
  #count = 0;
  #at = Number.NEGATIVE_INFINITY;

  /** Whether the event is sampled. @param now milliseconds of `performance.now()` */
  takes(now: number): boolean {
    if ((++this.#count & (ONE_IN - 1)) !== 0 && now - this.#at < QUIET_MS) return false;
    this.#at = now;
    return true;
  }
}

const NAME = Buffer.from('"sentAt":');
const CLOSING_BRACE = 0x7d;
/** Upper bound of the bytes from the field's name to the end of a frame: a number, and the sender's own id. */
const TAIL_BYTES = 256;

/**
 * Returns the time at which a message was sent, from its frame, in milliseconds since 1970; undefined for other frames.
 * The last occurrence of the field is the right one whatever the text contains: after it, a sender controls only an id
 * without quotes. If the frame ends with an object of an application, which may contain the field, the first one is.
 */
export function readSentAt(frame: Uint8Array): number | undefined {
  const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
  const endsWithObject = bytes[bytes.length - 2] === CLOSING_BRACE;
  const tail = endsWithObject ? bytes : bytes.subarray(-TAIL_BYTES);
  const at = endsWithObject ? tail.indexOf(NAME) : tail.lastIndexOf(NAME);
  if (at < 0) return undefined;
  const sentAt = Number.parseInt(tail.toString('latin1', at + NAME.length, at + NAME.length + 20), 10);
  return Number.isNaN(sentAt) ? undefined : sentAt;
}
