import { readdir, stat } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { type EventLoopUtilization, performance } from 'node:perf_hooks';
import { AggregatorRegistry, Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/*
 * The only file that knows prom-client, with its neighbours of the same name. What an app counts it keeps in plain
 * numbers, and says here how to read them: they are read when somebody asks, and cost nothing but the counting.
 */

/**
 * How often the delay of the event loop is sampled, in milliseconds. Each sample wakes the process, so a finer one
 * costs more than all other metrics together. A delay reads as this much even when the loop is never late.
 */
const DELAY_SAMPLE_MS = 100;

/** How the values of several parts of a process become one: added up, or the highest of them. */
export type Across = 'sum' | 'max';

/** A number, or that it is not known at the moment. */
export type Reading = number | undefined;

/** Observations of one kind. Observing costs about a microsecond: per batch or sample, never per delivery. */
export interface Observations {
  observe(value: number): void;
}

/** The same by label; every label has to be given. */
export interface LabelledObservations<L extends string> {
  observe(labels: Readonly<Record<L, string>>, value: number): void;
}

/** A count by label, kept by the metric itself: where the values of the labels are not known beforehand. */
export interface Tally<L extends string> {
  inc(labels: Readonly<Record<L, string>>, by?: number): void;
}

/** All metrics of one process, or of one part of it. Each name can be registered once. */
export class Metrics {
  readonly #registry = new Registry();

  /** What {@link text} is, for the `Content-Type` of an answer. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** In the text format of Prometheus. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  /**
   * Metrics of several parts of one process as one text: counters and histograms are added up, gauges as each of them says.
   * What belongs to a process and to no part of it, such as when it started, is left out.
   */
  static async textOf(parts: readonly Metrics[]): Promise<string> {
    const data = await Promise.all(parts.map((part) => part.#registry.getMetricsAsJSON()));
    return AggregatorRegistry.aggregate(data).metrics();
  }

  /** @param read the count since the process started, asked whenever metrics are */
  counter(name: string, help: string, read: () => number): void {
    new Counter({
      ...this.#named(name, help),
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  }

  /** @param read the counts by the label's value; the values must be few and known, never a room or a user */
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

  /** @param read the value now, asked whenever metrics are; while it is undefined the metric has no value */
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

  /** What every Node process can tell about itself. */
  addProcess(): void {
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: DELAY_SAMPLE_MS });
    this.#registry.removeSingleMetric(OPEN_FDS);
    if (process.platform === 'linux') {
      new Gauge({
        ...this.#named(OPEN_FDS, 'Number of open file descriptors.'),
        async collect() {
          // Reading the folder takes a descriptor, and fails when this number matters most.
          const open = await openDescriptors().catch(() => undefined);
          if (open !== undefined) this.set(open);
        },
      });
    }
    const limit = 'Memory that the process may use: the limit of its container, or what the machine has.';
    this.gauge('chorus_memory_limit_bytes', limit, memoryLimit);
    let before = performance.eventLoopUtilization();
    const utilization = (): number => {
      const now: EventLoopUtilization = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, before);
      before = now;
      return utilization;
    };
    const help = 'Share of the time since the last reading in which the event loop was busy, 0 to 1.';
    this.gauge('nodejs_eventloop_utilization', help, utilization);
  }

  /** Tells who this is, in the labels of a metric that is always 1. */
  addBuildInfo(info: { service: string; version: string; node: string }): void {
    const help = 'Which service, version and node this is; always 1.';
    new Gauge({
      ...this.#named('chorus_build_info', help),
      labelNames: ['service', 'version', 'node'],
    }).set(info, 1);
  }

  #named(name: string, help: string) {
    return { name, help, registers: [this.#registry] };
  }
}

/** Without a limit the system tells one that is larger than the machine. */
function memoryLimit(): number {
  return Math.min(process.constrainedMemory() || Number.POSITIVE_INFINITY, totalmem());
}

const OPEN_FDS = 'process_open_fds';

/**
 * The library's own way reads the whole folder and stops the process for it: some 40 ms with 50,000 sockets. Linux
 * tells the number as the folder's size since 6.2.
 */
async function openDescriptors(): Promise<number> {
  const { size } = await stat('/proc/self/fd');
  return size > 0 ? size : (await readdir('/proc/self/fd')).length;
}

/** Metrics with what every process of Chorus tells of itself; the app adds its own. */
export function createMetrics(options: { service: string; version: string; nodeId: string }): Metrics {
  const metrics = new Metrics();
  metrics.addProcess();
  metrics.addBuildInfo({ service: options.service, version: options.version, node: options.nodeId });
  return metrics;
}
