/**
 * What a gateway does and needs. Counts go from the start of its process on and never down, so that two of these give a
 * rate; times are in milliseconds.
 */
export interface NodeFigures {
  /** When these were taken, since 1970, by the node's clock as it was at the node's start: it is never set. */
  readonly at: number;
  /** The most sockets that it takes. */
  readonly connectionsLimit: number;
  /** Messages that its sockets have sent. */
  readonly messagesIn: number;
  /** Deliveries of messages to its sockets, without those of what returning clients had missed. */
  readonly messagesOut: number;
  /** Messages for which it was measured how long they took from their sender's gateway to here. */
  readonly relays: number;
  /** How long all of those took together. */
  readonly relayMs: number;
  /** Round trip of the last probe; null before the first, and where there are none. */
  readonly probeMs: number | null;
  /** How late the event loop was at most since the report before. */
  readonly eventLoopDelayMs: number;
  /** Of one core, 0 to 1, lately. */
  readonly processorShare: number;
  readonly rssBytes: number;
  /** Sockets that were asked to come back elsewhere. */
  readonly sentAway: number;
  /** How many sockets there were when it began to drain; null unless it is draining. */
  readonly drainedFrom: number | null;
}

/** What a gateway says of itself, about once a second. */
export interface NodeReport {
  readonly nodeId: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly connections: number;
  /** Rooms with somebody in them on this node. */
  readonly rooms: number;
  /** `draining`: it gives up its connections and takes no others. */
  readonly state: 'ready' | 'degraded' | 'draining';
  /** Where other gateways reach its port; undefined for one that does not know, or of an older version. */
  readonly url?: string | undefined;
  /** Undefined in the report of an older version, as there are during a rollout. */
  readonly figures?: NodeFigures | undefined;
}

/**
 * The gateways that are there, and how they are. A report counts until its time is over.
 *
 * Every method rejects with `UnavailableError` while Redis cannot be reached.
 */
export interface NodeRegistry {
  /** @param ttlMs how long the report counts, in milliseconds */
  report(report: NodeReport, ttlMs: number): Promise<void>;
  /** The node is gone. */
  forget(nodeId: string): Promise<void>;
  /** Every node with a report that counts, by id. */
  nodes(): Promise<NodeReport[]>;
}
