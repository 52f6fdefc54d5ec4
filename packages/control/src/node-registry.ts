/**
 * Work and resources of a gateway. Counts start with its process and never decrease, so that two readings give a
 * rate. Times are in milliseconds.
 */
export interface NodeFigures {
  /** When the figures were taken, since 1970, by a clock that was read at the node's start and is never set. */
  readonly at: number;
  /** Largest number of sockets. */
  readonly connectionsLimit: number;
  /** Messages that its sockets have sent. */
  readonly messagesIn: number;
  /** Deliveries of messages to its sockets, without replayed messages. */
  readonly messagesOut: number;
  /** Number of messages whose time from their sender's gateway to this one was measured. */
  readonly relays: number;
  /** Sum of those times. */
  readonly relayMs: number;
  /** Round trip of the last probe; null before the first, and without probes. */
  readonly probeMs: number | null;
  /** Largest delay of the event loop since the previous report. */
  readonly eventLoopDelayMs: number;
  /** Recent use of one core, 0 to 1. */
  readonly processorShare: number;
  readonly rssBytes: number;
  /** Sockets that were asked to reconnect elsewhere. */
  readonly reconnectRequests: number;
  /** Number of sockets at the start of the drain; null unless draining. */
  readonly drainedFrom: number | null;
}

/** Report of a gateway about itself, sent about once a second. */
export interface NodeReport {
  readonly nodeId: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly connections: number;
  /** Rooms with members on this node. */
  readonly rooms: number;
  /** `draining`: it closes its connections and accepts no others. */
  readonly state: 'ready' | 'degraded' | 'draining';
  /** Address of its port for other gateways; undefined if unknown, or from a gateway of an older version. */
  readonly url?: string | undefined;
  /** Name of its deployed version and settings; undefined if unknown. */
  readonly revision?: string | undefined;
  /** Undefined in reports of an older version, as during a rollout. */
  readonly figures?: NodeFigures | undefined;
}

/**
 * The running gateways and their reports. A report expires after its time to live.
 *
 * Every method rejects with `UnavailableError` while Redis is unreachable.
 */
export interface NodeRegistry {
  /** @param ttlMs time to live of the report, in milliseconds */
  report(report: NodeReport, ttlMs: number): Promise<void>;
  /** Removes the report of a node that has ended. */
  forget(nodeId: string): Promise<void>;
  /** Returns all reports that have not expired, in ascending order of node id. */
  nodes(): Promise<NodeReport[]>;
}
