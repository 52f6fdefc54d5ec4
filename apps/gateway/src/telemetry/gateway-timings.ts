import type { Metrics } from '@chorus/service';
import { Timings } from './timings.js';

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
    publish: histogram('publish', 'From handing a message to the broker to its number; sampled.', FAST),
    relay: histogram('relay', 'From sending a message to handing it to the sockets here; sampled.', FAST),
    probe: histogram('probe', 'Round trip of the messages that the node sends itself through Redis.', FAST),
    recovery: histogram('recovery', 'From a returning client asking to its having all it missed.', SLOW),
  });
}
