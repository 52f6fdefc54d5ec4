import { readdir, stat } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { type EventLoopUtilization, performance } from 'node:perf_hooks';
import { AggregatorRegistry, Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/*
 * Only this file imports prom-client. Apps keep their counts in plain numbers and register here how to read them. They are
 * read when metrics are collected, so between collections only counting costs time.
 */

/**
 * How often the delay of the event loop is sampled, in milliseconds. Each sample wakes the process, so a finer one
 * costs more than all other metrics together. A delay reads as this much even when the loop is never late.
 */
const DELAY_SAMPLE_MS = 100;

/** How the values of several parts of a process are combined: their sum, or the largest. */
export type Across = 'sum' | 'max';

/** A value; undefined while it is unknown. */
export type Reading = number | undefined;

/** A histogram. Observing costs about a microsecond: do it per batch or sample, never per delivery. */
export interface Observations {
  observe(value: number): void;
}

/** A histogram with labels; every label must be given. */
export interface LabelledObservations<L extends string> {
  observe(labels: Readonly<Record<L, string>>, value: number): void;
}

/** A counter with labels that keeps its own counts, for label values that are not known in advance. */
export interface Tally<L extends string> {
  inc(labels: Readonly<Record<L, string>>, by?: number): void;
}

/** The metrics of a process, or of a part of it. Each name can be registered once. */
export class Metrics {
  readonly #registry = new Registry();

  /** `Content-Type` of {@link text}. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Returns all metrics in the text format of Prometheus. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  /**
   * Returns the metrics of several parts of one process as one text. Counters and histograms are summed, gauges combined
   * as registered. Metrics of the process itself, such as its start time, are left out.
   */
  static async textOf(parts: readonly Metrics[]): Promise<string> {
    const data = await Promise.all(parts.map((part) => part.#registry.getMetricsAsJSON()));
    return AggregatorRegistry.aggregate(data).metrics();
  }

  /** @param read returns the count since the process started; called at each collection */
  counter(name: string, help: string, read: () => number): void {
    new Counter({
      ...this.#named(name, help),
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  }

  /** @param read returns the counts by label value; the values must be few and known, never rooms or users */
  counterBy(name: string, label: string, help: string, read: () => Readonly<Record<string, number>>): void {
    new Counter({
      ...this.#named(name, help),
      labelNames: [label],
      collect() {
        this.reset();
        for (const [value, count] of Object.entries(read())) this.inc({ [label]: value }, count);
      },
    });
  }

  /** @param read returns the current value; called at each collection; undefined omits the metric */
  gauge(name: string, help: string, read: () => Reading | Promise<Reading>, across: Across = 'sum'): void {
    new Gauge({
      ...this.#named(name, help),
      aggregator: across,
      async collect() {
        const value = await read();
        if (value === undefined) this.remove({});
        else this.set(value);
      },
    });
  }

  /** See {@link counterBy}. */
  gaugeBy(name: string, label: string, help: string, read: () => Readonly<Record<string, number>>): void {
    new Gauge({
      ...this.#named(name, help),
      labelNames: [label],
      collect() {
        this.reset();
        for (const [value, amount] of Object.entries(read())) this.set({ [label]: value }, amount);
      },
    });
  }

  histogram(name: string, help: string, buckets: readonly number[]): Observations {
    return new Histogram({ ...this.#named(name, help), buckets: [...buckets] });
  }

  histogramBy<L extends string>(
    name: string,
    labels: readonly L[],
    help: string,
    buckets: readonly number[],
  ): LabelledObservations<L> {
    return new Histogram({ ...this.#named(name, help), labelNames: [...labels], buckets: [...buckets] });
  }

  tally<L extends string>(name: string, labels: readonly L[], help: string): Tally<L> {
    return new Counter({ ...this.#named(name, help), labelNames: [...labels] });
  }

  /** Registers the metrics of the Node process. */
  addProcess(): void {
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: DELAY_SAMPLE_MS });
    this.#registry.removeSingleMetric(OPEN_FDS);
    if (process.platform === 'linux') {
      new Gauge({
        ...this.#named(OPEN_FDS, 'Number of open file descriptors.'),
        async collect() {
          // Reading the folder needs a descriptor, so it fails exactly when descriptors run out.
          const open = await openDescriptors().catch(() => undefined);
          if (open !== undefined) this.set(open);
        },
      });
    }
    const limit =
      'Memory that the process may use: the limit of its container, or the memory of the machine.';
    this.gauge('chorus_memory_limit_bytes', limit, memoryLimit);
    let before = performance.eventLoopUtilization();
    const utilization = (): number => {
      const now: EventLoopUtilization = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, before);
      before = now;
      return utilization;
    };
    const help = 'Share of the time since the last collection in which the event loop was busy, 0 to 1.';
    this.gauge('nodejs_eventloop_utilization', help, utilization);
  }

  /** Registers a metric that is always 1 and identifies the process by its labels. */
  addBuildInfo(info: { service: string; version: string; node: string }): void {
    const help = 'Service, version and node of this process; always 1.';
    new Gauge({
      ...this.#named('chorus_build_info', help),
      labelNames: ['service', 'version', 'node'],
    }).set(info, 1);
  }

  #named(name: string, help: string) {
    return { name, help, registers: [this.#registry] };
  }
}

/** Without a limit the system reports one that is larger than the machine's memory. */
function memoryLimit(): number {
  return Math.min(process.constrainedMemory() || Number.POSITIVE_INFINITY, totalmem());
}

const OPEN_FDS = 'process_open_fds';

/**
 * Returns the number of open descriptors. The library's own metric reads the whole folder and blocks the process: some
 * 40 ms with 50,000 sockets. Since Linux 6.2 the number is the size of the folder.
 */
async function openDescriptors(): Promise<number> {
  const { size } = await stat('/proc/self/fd');
  return size > 0 ? size : (await readdir('/proc/self/fd')).length;
}

/** Returns metrics that every process of Chorus has; the app adds its own. */
export function createMetrics(options: { service: string; version: string; nodeId: string }): Metrics {
  const metrics = new Metrics();
  metrics.addProcess();
  metrics.addBuildInfo({ service: options.service, version: options.version, node: options.nodeId });
  return metrics;
}
