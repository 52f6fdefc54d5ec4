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
}

/**
 * The gateways that are there, and how they are. A report counts until its time is over.
 *
 * Every method rejects with `BrokerUnavailableError` while Redis cannot be reached.
 */
export interface NodeRegistry {
  /** @param ttlMs how long the report counts, in milliseconds */
  report(report: NodeReport, ttlMs: number): Promise<void>;
  /** The node is gone. */
  forget(nodeId: string): Promise<void>;
  /** Every node with a report that counts, by id. */
  nodes(): Promise<NodeReport[]>;
}
