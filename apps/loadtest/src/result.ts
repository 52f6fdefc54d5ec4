import type { Scenario } from './scenario.js';

/** A histogram in milliseconds; undefined, not NaN, when nothing was counted. Lazy readers are not included. */
export interface Latency {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  /** Upper bounds in milliseconds with the counts up to them, for a plot; a few dozen. */
  readonly buckets: ReadonlyArray<{ readonly upTo: number; readonly count: number }>;
}

/**
 * What became of messages, according to all receivers. Figures are numbers of deliveries unless stated, and no
 * delivery is in two of the violations: `expected = delivered + lost`.
 */
export interface DeliveryCounts {
  /**
   * Deliveries that were due: each message that was acked (or sent, without acks) or that any member got, to each
   * member.
   */
  readonly expected: number;
  /** Without repeated deliveries. */
  readonly delivered: number;
  readonly lost: number;
  readonly duplicated: number;
  /** In the room's order, but later than the next one of its sender, or with a position not above an earlier one. */
  readonly outOfOrder: number;
  /**
   * In another place than where most members saw it: the smallest number of moves after which all members agree; and
   * deliveries with another position than other members got.
   */
  readonly orderDisagreements: number;
  /** Deliveries to users who are not in the message's room. */
  readonly strays: number;
}

/** What became of all messages of a run. */
export interface Verdict extends DeliveryCounts {
  /** Descriptions of the first few violations. */
  readonly examples: readonly string[];
}

/** Counts of one second, unless stated. */
export interface SecondCounts {
  readonly connections: number;
  /** Number in their rooms at the end of the second. */
  readonly connected: number;
  /** Since the run began. */
  readonly connectFailures: number;
  readonly sent: number;
  readonly acked: number;
  readonly delivered: number;
  /** Attempts to reconnect, successful or not. */
  readonly reconnects: number;
}

/** One second of a run. */
export interface Moment extends SecondCounts {
  /** Seconds since the run began. */
  readonly at: number;
  readonly ackMs: Latency | undefined;
  readonly deliveryMs: Latency | undefined;
  /** Of the tool's slowest worker: delay of its event loop in milliseconds, and its load (0 to 1). */
  readonly toolDelayMs: number;
  readonly toolBusy: number;
}

/** Costs of a server process while the load ran. */
export interface ProcessCost {
  readonly name: string;
  /** User and system time in microseconds; undefined when it could not be read. */
  readonly cpuMicros: number | undefined;
  readonly residentBytes:
    | { readonly before: number; readonly connected: number; readonly after: number }
    | undefined;
  /** False for an archiver or a database: their memory does not depend on connections. */
  readonly holdsConnections?: boolean;
}

export interface NodeResult {
  readonly target: string;
  readonly connections: number;
  /** Its share of `messages.delivered`. */
  readonly delivered: number;
  readonly deliveryMs: Latency | undefined;
  readonly ackMs: Latency | undefined;
  /** Like `deliveryMs`, of the messages of the warm-up. */
  readonly warmUpMs: Latency | undefined;
}

export interface LoadResult {
  readonly scenario: Scenario;
  readonly startedAt: string;
  readonly tool: {
    readonly version: string;
    readonly node: string;
    readonly cpus: number;
    readonly fileDescriptors: number | undefined;
    /** Why figures may describe the tool rather than the server; empty when the tool kept up. */
    readonly bottlenecks: readonly string[];
  };
  readonly connects: {
    readonly ok: number;
    readonly failed: number;
    /** Counts by the reason that the server or the system gave. */
    readonly failures: Readonly<Record<string, number>>;
    /** Per second during the ramp. */
    readonly perSecond: number;
    readonly ms: Latency | undefined;
  };
  /** After the warm-up. */
  readonly messages: {
    readonly seconds: number;
    readonly sent: number;
    readonly acked: number;
    /** Deliveries in these seconds. */
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
    /** From the cut, or the end of the time disconnected, to the last missed message. */
    readonly ms: Latency | undefined;
    /** From the opening of the new socket: the time of the catch-up, without that of the reconnect. */
    readonly replayMs: Latency | undefined;
    /** Number of connections that reconnected n times, by n from 0 on. */
    readonly perConnection: readonly number[];
  };
  readonly nodes: readonly NodeResult[];
  readonly costs: readonly ProcessCost[];
  /** Over all given processes; undefined without any. */
  readonly cpuMicrosPerDelivery: number | undefined;
  readonly bytesPerConnection: number | undefined;
  readonly timeline: readonly Moment[];
}
