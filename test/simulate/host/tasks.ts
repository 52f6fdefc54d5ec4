/** What the simulation asks a process with gateways to do. */
export type Task =
  | { readonly type: 'start'; readonly url: string; readonly nodeIds: readonly string[] }
  /** Gives the gateways these numbers of simulated sockets, in their order. */
  | { readonly type: 'fill'; readonly sockets: readonly number[] }
  /** Has users join and leave rooms from now on; 0 ends it. */
  | { readonly type: 'join'; readonly perSecond: number }
  | { readonly type: 'read' };

/** State of such a process after a task. */
export interface HostState {
  /** Processor time since its start, in microseconds. */
  readonly micros: number;
  /** Sockets of each gateway, in their order. */
  readonly sockets: readonly number[];
  /** Clients that were asked to reconnect elsewhere. */
  readonly reconnectRequests: number;
  /** Whether messages flow on all gateways. */
  readonly ready: boolean;
  /** Users who have joined and left. */
  readonly joins: number;
}

export type Answer = { readonly state: HostState } | { readonly error: string };
