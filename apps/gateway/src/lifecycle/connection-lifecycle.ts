import type { Guard } from '@chorus/auth';
import type { ControlEvent } from '@chorus/broker';
import {
  type AccessChange,
  AccessCopy,
  type AccessList,
  type NodeFigures,
  type NodeRegistry,
  type NodeReport,
  type Subject,
} from '@chorus/control';
import type { PresenceTracker } from '@chorus/presence';
import { type Closeable, Closer, type Logger, OriginPolicy } from '@chorus/service';
import type { GatewayConfig } from '../config.js';
import { AccessWatch } from '../connections/access-watch.js';
import { Admission } from '../connections/admission.js';
import { ConnectionRegistry } from '../connections/connection-registry.js';
import type { ConnectionSlot } from '../connections/connection-slot.js';
import { requestReconnects } from '../connections/request-reconnect.js';
import { UserBudgetRegistry } from '../connections/user-budget-registry.js';
import { userLimits } from '../connections/user-limits.js';
import type { NodeLoadReader } from '../telemetry/node-load.js';
import type { Transport } from '../transport/transport.js';
import { actOnConnections } from './control-actions.js';
import { Drain } from './drain.js';
import { endExpired } from './end-expired.js';
import { Isolation } from './isolation.js';
import { NodeReporter } from './node-reporter.js';
import { ownUrl } from './own-url.js';
import { PeerGateways } from './peers.js';
import type { PortHealth } from './readiness.js';
import { Rebalance } from './rebalance.js';
import { RolloutHold } from './rollout.js';

export interface ConnectionLifecycleParts {
  nodeId: string;
  guard: Guard;
  access: AccessList;
  nodes: NodeRegistry;
  transport: Pick<Transport, 'port' | 'stopListening'>;
  presence: Pick<PresenceTracker, 'localRooms'>;
  /** Why messages do not flow, as predicate of "Redis"; undefined while they do. */
  trouble(): string | undefined;
  /** Figures of the load; read once per report. */
  load: Pick<NodeLoadReader, 'read'>;
  log: Logger;
}

/** Admits, watches and ends the connections of this node, of any protocol. */
export class ConnectionLifecycle implements Closeable {
  readonly connections: ConnectionRegistry;
  readonly admission: Admission;
  readonly guard: Guard;
  readonly #parts: ConnectionLifecycleParts;
  readonly #config: Pick<GatewayConfig, 'maxConnections' | 'drainMs' | 'peerUrl' | 'host' | 'revision'>;
  readonly #startedAt = Date.now();
  #url: string | undefined;
  readonly #closer = new Closer();
  /** Whether messages have flowed since the start. */
  #wasReady = false;
  readonly #drain: Drain;
  readonly #rebalance: Rebalance;
  readonly #watch: AccessWatch;
  readonly #copy: AccessCopy;
  readonly #reports: NodeReporter;
  readonly #closing = new AbortController();

  constructor(config: GatewayConfig, parts: ConnectionLifecycleParts) {
    const { nodeId, guard, access, nodes, transport, log } = parts;
    this.#parts = parts;
    this.guard = guard;
    this.#config = config;
    const connections = new ConnectionRegistry(nodeId);
    this.connections = connections;
    const origins = new OriginPolicy({ ...config, log });
    const isHere = (userId: number): boolean => connections.countOf(userId) > 0;
    const budgets = this.#closer.add(new UserBudgetRegistry(userLimits(config), isHere));
    this.#watch = this.#closer.add(new AccessWatch({ connections, access, log }));
    this.#copy = this.#closer.add(watchedCopy(access, connections, this.#watch, log));
    const admits = (subject: Subject): boolean => parts.trouble() === undefined && this.#copy.admits(subject);
    this.admission = new Admission({ config, connections, budgets, origins, guard, access, admits });
    const { admission } = this;
    const { drainDelayMs: delayMs, drainMs: durationMs, drainHoldMs: maxMs, revision } = config;
    const hold = new RolloutHold({ nodeId, revision, nodes, maxMs, delayMs, log });
    const stopListening = (): void => transport.stopListening();
    this.#drain = new Drain({ connections, admission, stopListening, delayMs, durationMs, hold, log });
    const able = (): boolean => this.state === 'ready';
    this.#rebalance = this.#closer.add(
      new Rebalance({ nodeId, connections, nodes, able, ...config.rebalance, rolloutMs: maxMs, log }),
    );
    this.#closer.add(endExpired(connections));
    const peers = new PeerGateways(nodeId, nodes, () => this.#findUrl());
    this.#closer.add(
      new Isolation({
        healthy: () => parts.trouble() === undefined,
        peers,
        afterMs: config.isolatedAfterMs,
        onChange: (isolated) => this.#drain.isolate(isolated),
        log,
      }),
    );
    this.#reports = this.#closer.add(new NodeReporter(nodes, () => this.#report(), log));
  }

  get state(): NodeReport['state'] {
    if (this.#drain.draining) return 'draining';
    if (this.#parts.trouble() !== undefined) return 'degraded';
    this.#wasReady = true;
    return 'ready';
  }

  /** Whether the node is being drained because it alone is cut off from Redis. */
  get isolated(): boolean {
    return this.#drain.isolated;
  }

  /** The state that `/readyz` reports. */
  get portHealth(): PortHealth {
    const why = this.#parts.trouble();
    if (this.state === 'draining') {
      return this.isolated ? { state: 'isolated', trouble: why } : { state: 'draining' };
    }
    if (why === undefined) return { state: 'ready' };
    return { state: this.#wasReady ? 'degraded' : 'starting', trouble: why };
  }

  /** Connections that the drain has yet to close; 0 without a drain. */
  get drainRemaining(): number {
    return this.#drain.draining ? this.connections.taken : 0;
  }

  control(event: ControlEvent): void {
    const { nodeId, log } = this.#parts;
    const { connections } = this;
    if (event.type === 'token-revoked') this.#copy.noticed(event.tokenId);
    if (event.type === 'user-banned') this.#copy.noticed(event.userId);
    actOnConnections(event, { nodeId, connections, drain: this.#drain, rebalance: this.#rebalance, log });
  }

  /** Checks all connections: events may have been missed. */
  resumed(): void {
    this.#copy.doubt();
    this.#watch.checkAll();
  }

  /** Handles a standstill of the process: the clients of its sockets have gone, or may think that the gateway has. */
  stoodStill(): void {
    const { connections } = this;
    const { log } = this.#parts;
    log.warn({ connections: connections.size }, 'this process stood still: closing its sockets');
    requestReconnects(connections, this.#config.drainMs, this.#closing.signal, 'standstill').catch(
      (error: unknown) => {
        if (!this.#closing.signal.aborted) log.error({ err: error }, 'requesting reconnects failed');
      },
    );
  }

  /** Drains the node for good; see {@link Drain.end}. */
  async empty(closed: () => void): Promise<void> {
    const emptied = this.#drain.end(closed);
    this.#reports.reportNow();
    await emptied;
  }

  close(): Promise<void> {
    this.#closing.abort();
    return this.#closer.close();
  }

  /** Address at which other gateways reach this one; undefined until it listens. */
  #findUrl(): string | undefined {
    const { port } = this.#parts.transport;
    if (port === undefined) return undefined;
    // Cached: reading the addresses of the machine is a system call.
    this.#url ??= this.#config.peerUrl ?? ownUrl(this.#config.host, port);
    return this.#url;
  }

  #report(): NodeReport {
    const { nodeId, presence, load } = this.#parts;
    const { size: connections, reconnectRequests } = this.connections;
    const figures: NodeFigures = {
      ...load.read(),
      connectionsLimit: this.#config.maxConnections,
      reconnectRequests: Object.values(reconnectRequests).reduce((sum, count) => sum + count),
      drainedFrom: this.#drain.from ?? null,
    };
    const rooms = presence.localRooms;
    const url = this.#findUrl();
    const { revision } = this.#config;
    return {
      nodeId,
      revision,
      startedAt: this.#startedAt,
      connections,
      rooms,
      state: this.state,
      url,
      figures,
    };
  }
}

/** Copies the access list. Connections that a change may concern, and that no event ended, are checked. */
function watchedCopy(
  list: AccessList,
  connections: ConnectionRegistry,
  watch: AccessWatch,
  log: Logger,
): AccessCopy {
  return new AccessCopy({
    list,
    log,
    onMissed: (changes) => watch.check(changes.flatMap((change) => concernedBy(change, connections))),
    onReread: () => watch.checkAll(),
  });
}

function concernedBy(change: AccessChange, connections: ConnectionRegistry): ConnectionSlot[] {
  switch (change.type) {
    case 'revoked':
      return connections.ofToken(change.tokenId);
    case 'banned':
      return connections.ofUser(change.ban.userId);
    case 'lifted':
      return [];
    default:
      return change satisfies never;
  }
}
