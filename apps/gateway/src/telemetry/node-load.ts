import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import type { ProbeStats } from '@chorus/broker';
import type { NodeFigures } from '@chorus/control';
import { type Closeable, isOutOfDescriptors } from '@chorus/service';
import type { GatewayCounters } from './counters.js';
import type { ProcessorShare } from './processor-share.js';
import type { Timings } from './timings.js';

/** What a gateway does and needs; who comes and goes is told by those who see to that. */
export type NodeLoad = Omit<NodeFigures, 'connectionsLimit' | 'reconnectRequests' | 'drainedFrom'>;

/**
 * How often the delay of the event loop is sampled, in milliseconds; one that is never late shows as much. Each sample wakes
 * the process: every 20 ms that was more than everything else that a gateway does while nothing happens.
 */
const SAMPLE_MS = 200;

/** Reads the counts that metrics are made of for the reports of this node, once a second. */
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

  /** What is to be told of the time since it was asked last is that from now on. */
  read(): NodeLoad {
    const { counters, timings, probes, processor } = this.from;
    const delayMs = this.#delay.max / 1e6 - this.sampleMs;
    this.#delay.reset();
    return {
      // Rates are made of two of these: it goes on evenly when the clock is set.
      at: Math.round(performance.timeOrigin + performance.now()),
      messagesIn: counters.messagesIn,
      messagesOut: counters.messagesOut,
      relays: timings.relays,
      relayMs: timings.relayMs,
      probeMs: probes?.lagMs ?? null,
      // Nothing was sampled when it is asked again at once.
      eventLoopDelayMs: Math.max(0, delayMs),
      processorShare: processor.get(),
      rssBytes: this.#readMemory(),
    };
  }

  /** The system opens a file for this: when there are no descriptors left, the figure before is the best there is. */
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
