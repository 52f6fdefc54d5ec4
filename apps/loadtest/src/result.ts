import type { Scenario } from './scenario.js';

/** Of a histogram of milliseconds; NaN-free: undefined when nothing was counted. Who reads lazily is not in it. */
export interface Latency {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  /** Upper bounds in milliseconds and how many are below, for a plot; few dozens. */
  readonly buckets: ReadonlyArray<{ readonly upTo: number; readonly count: number }>;
}

/**
 * What became of messages, by what all receivers saw. Every figure is a number of deliveries unless said, and no
 * delivery is in two of the violations: `expected = delivered + lost`.
 */
export interface DeliveryCounts {
  /** Deliveries that were due: each message that was acked (or sent, where nothing is acked) or that anybody got, to each member. */
  readonly expected: number;
  /** Without those a second time. */
  readonly delivered: number;
  readonly lost: number;
  readonly duplicated: number;
  /** In the room's order, but later than one that its sender sent after it, or with a position not above one before. */
  readonly outOfOrder: number;
  /**
   * In another place than where most members saw it: the fewest that would have to move for all to have seen the same;
   * and those with another position than the others got.
   */
  readonly orderDisagreements: number;
  /** Deliveries to users who are not in the message's room. */
  readonly strays: number;
}

/** What became of all messages of a run. */
export interface Verdict extends DeliveryCounts {
  /** The first few violations, in words. */
  readonly examples: readonly string[];
}

/** Counts of one second, unless said. */
export interface SecondCounts {
  readonly connections: number;
  /** That are in their rooms at its end. */
  readonly connected: number;
  /** Since the run began. */
  readonly connectFailures: number;
  readonly sent: number;
  readonly acked: number;
  readonly delivered: number;
  /** Attempts of those who had been in to come back, whatever came of them. */
  readonly reconnects: number;
}

/** One second of a run. */
export interface Moment extends SecondCounts {
  /** Seconds since the run began. */
  readonly at: number;
  readonly ackMs: Latency | undefined;
  readonly deliveryMs: Latency | undefined;
  /** Of the tool's worst worker: how late its event loop was, in milliseconds, and how busy (0 to 1). */
  readonly toolDelayMs: number;
  readonly toolBusy: number;
}

/** What a server process spent while the load ran. */
export interface ProcessCost {
  readonly name: string;
  /** User and system time in microseconds; undefined when it could not be read. */
  readonly cpuMicros: number | undefined;
  readonly residentBytes:
    | { readonly before: number; readonly connected: number; readonly after: number }
    | undefined;
  /** False for an archiver or a database: their memory is not what connections take. */
  readonly holdsConnections?: boolean;
}

export interface NodeResult {
  readonly target: string;
  readonly connections: number;
  /** Its share of `messages.delivered`. */
  readonly delivered: number;
  readonly deliveryMs: Latency | undefined;
  readonly ackMs: Latency | undefined;
}

export interface LoadResult {
  readonly scenario: Scenario;
  readonly startedAt: string;
  readonly tool: {
    readonly version: string;
    readonly node: string;
    readonly cpus: number;
    readonly fileDescriptors: number | undefined;
    /** Why figures may say more about the tool than about the server; empty when it kept up. */
    readonly bottlenecks: readonly string[];
  };
  readonly connects: {
    readonly ok: number;
    readonly failed: number;
    /** By what the server or the system said. */
    readonly failures: Readonly<Record<string, number>>;
    /** A second, while the ramp went on. */
    readonly perSecond: number;
    readonly ms: Latency | undefined;
  };
  /** Of the time after the warm-up. */
  readonly messages: {
    readonly seconds: number;
    readonly sent: number;
    readonly acked: number;
    /** What arrived in these seconds, at whomever. */
    readonly delivered: number;
    readonly refused: Readonly<Record<string, number>>;
    readonly ackMs: Latency | undefined;
    readonly deliveryMs: Latency | undefined;
  };
  readonly verdict: Verdict;
  /** Unexpected ends of sockets, by close code. */
  readonly closes: Readonly<Record<string, number>>;
  readonly resumes: {
    readonly ok: number;
    readonly unrecovered: number;
    readonly failed: number;
    /** From the cut, or the end of the time away, to the last message that was missed. */
    readonly ms: Latency | undefined;
    /** Measured from the opening of the new socket: the time of the catch-up, without that of the reconnect. */
    readonly replayMs: Latency | undefined;
    /** How many connections opened another socket n times, by n from 0 on. */
    readonly perConnection: readonly number[];
  };
  readonly nodes: readonly NodeResult[];
  readonly costs: readonly ProcessCost[];
  /** Over all processes given; undefined without any. */
  readonly cpuMicrosPerDelivery: number | undefined;
  readonly bytesPerConnection: number | undefined;
  readonly timeline: readonly Moment[];
}
