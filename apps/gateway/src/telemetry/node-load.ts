import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import type { ProbeStats } from '@chorus/broker';
import type { NodeFigures } from '@chorus/control';
import { type Closeable, isOutOfDescriptors } from '@chorus/service';
import type { GatewayCounters } from './counters.js';
import type { ProcessorShare } from './processor-share.js';
import type { Timings } from './timings.js';

/** Load figures of a gateway; the figures about connections come from other parts. */
export type NodeLoad = Omit<NodeFigures, 'connectionsLimit' | 'reconnectRequests' | 'drainedFrom'>;

/**
 * Interval at which the delay of the event loop is sampled, in milliseconds. Each sample wakes the process: at 20 ms,
 * sampling cost more than everything else that an idle gateway does.
 */
const SAMPLE_MS = 200;

/** Reads the load figures for this node's report, once per second. */
export class NodeLoadReader implements Closeable {
  readonly #delay: IntervalHistogram;
  #rssBytes = 0;

  constructor(
    private readonly from: {
      counters: Pick<GatewayCounters, 'messagesIn' | 'messagesOut'>;
      timings: Pick<Timings, 'relays' | 'relayMs'>;
      probes: Pick<ProbeStats, 'lagMs'> | undefined;
      processor: Pick<ProcessorShare, 'get'>;
    },
    private readonly sampleMs = SAMPLE_MS,
  ) {
    this.#delay = monitorEventLoopDelay({ resolution: sampleMs });
    this.#delay.enable();
  }

  /** Reads the figures. The event loop delay covers the interval since the previous call. */
  read(): NodeLoad {
    const { counters, timings, probes, processor } = this.from;
    const delayMs = this.#delay.max / 1e6 - this.sampleMs;
    this.#delay.reset();
    return {
      // Rates are computed from two reports: the time must advance evenly when the clock is set.
      at: Math.round(performance.timeOrigin + performance.now()),
      messagesIn: counters.messagesIn,
      messagesOut: counters.messagesOut,
      relays: timings.relays,
      relayMs: timings.relayMs,
      probeMs: probes?.lagMs ?? null,
      // Negative if nothing was sampled since the previous call.
      eventLoopDelayMs: Math.max(0, delayMs),
      processorShare: processor.get(),
      rssBytes: this.#readMemory(),
    };
  }

  /** Resident memory. Reading it opens a file: without a free descriptor, returns the previous figure. */
  #readMemory(): number {
    try {
      this.#rssBytes = process.memoryUsage.rss();
    } catch (error) {
      if (!isOutOfDescriptors(error)) throw error;
    }
    return this.#rssBytes;
  }

  async close(): Promise<void> {
    this.#delay.disable();
  }
}
