import type { Broker, ProbeStats } from '@chorus/broker';
import { type Closer, createTraces, type Logger, type Metrics, type Traces } from '@chorus/service';
import type { GatewayConfig } from '../config.js';
import { GatewayCounters } from './counters.js';
import { Gathering } from './gathering.js';
import { MessageTracer } from './message-tracer.js';
import { NodeLoadReader } from './node-load.js';
import { ProcessorShare } from './processor-share.js';
import { addGatewayTimings, type Timings } from './timings.js';

/** Measurements that a gateway takes of itself. */
export interface Telemetry {
  readonly counters: GatewayCounters;
  readonly timings: Timings;
  /** Tracer of upgrades; undefined without tracing. */
  readonly upgrades: Traces | undefined;
  /** Tracer of messages; undefined without tracing. */
  readonly traces: MessageTracer | undefined;
  readonly processor: ProcessorShare;
  readonly load: NodeLoadReader;
  /** How long messages wait for each other, from 0 (not at all) to 1 (as long as allowed). */
  gathering(now?: number): number;
  /** `Broker.publish`, timed and traced. */
  publishThrough(broker: Broker): Broker['publish'];
}

export interface TelemetryParts {
  readonly nodeId: string;
  /** Registry of histograms; undefined if metrics are not collected. */
  readonly metrics?: Metrics | undefined;
  readonly probes?: ProbeStats | undefined;
  readonly log: Logger;
  /** Closes everything that is started here. */
  readonly closer: Closer;
}

export async function openTelemetry(
  config: Pick<GatewayConfig, 'traces'>,
  { nodeId, metrics, probes, log, closer }: TelemetryParts,
): Promise<Telemetry> {
  const counters = new GatewayCounters();
  const timings = addGatewayTimings(metrics);
  if (probes !== undefined) probes.onReturn = (ms) => timings.probed(ms);
  const upgrades = await createTraces(config.traces, { service: 'gateway', nodeId, log });
  if (upgrades !== undefined) closer.add(upgrades);
  const traces = upgrades && new MessageTracer(upgrades);
  const processor = new ProcessorShare();
  const gathering = new Gathering();
  const load = closer.add(new NodeLoadReader({ counters, timings, probes, processor }));
  return {
    counters,
    timings,
    upgrades,
    traces,
    processor,
    load,
    gathering: (now) => gathering.share(now),
    publishThrough: (broker) => {
      const publish: Broker['publish'] =
        metrics === undefined ? (...message) => broker.publish(...message) : timings.publish(broker);
      return traces?.publishing(publish) ?? publish;
    },
  };
}
