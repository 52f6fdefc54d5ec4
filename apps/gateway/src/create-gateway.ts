import { randomBytes } from 'node:crypto';
import { Guard, generateSecret, TOKEN_TTL_SECONDS, Tokens } from '@chorus/auth';
import type { Broker, ProbeStats } from '@chorus/broker';
import type { AccessList, NodeRegistry } from '@chorus/control';
import type { PresenceStore } from '@chorus/presence';
import {
  type Closeable,
  Closer,
  descriptorsForConnections,
  type Logger,
  type Metrics,
  servedConnections,
} from '@chorus/service';
import type { GatewayConfig } from './config.js';
import type { ConnectionRegistry } from './connections/connection-registry.js';
import { startId } from './connections/start-id.js';
import { ConnectionLifecycle } from './lifecycle/connection-lifecycle.js';
import type { PortHealth } from './lifecycle/readiness.js';
import { HeldAcks } from './rooms/acks.js';
import { DeliveryPace } from './rooms/delivery-pace.js';
import { Hub } from './rooms/hub.js';
import { connectRelay } from './rooms/relay.js';
import { routes } from './routes.js';
import { connect } from './sessions/connect.js';
import { joinRoom } from './sessions/join-room.js';
import { sessionContexts } from './sessions/session-contexts.js';
import { addGatewayMetrics } from './telemetry/metrics.js';
import { openTelemetry } from './telemetry/telemetry.js';
import { traceUpgrades } from './telemetry/upgrade-traces.js';
import { UwsTransport } from './transport/uws.js';

/** What a gateway needs from outside; Redis-backed in production, in memory in standalone mode. */
export interface GatewayParts {
  /**
   * Connects the broker. The gateway listens to it and closes it.
   * @param busy how busy the gateway is, 0 to 1: the busier, the longer messages may wait for each other
   */
  connectBroker(busy: () => number): Promise<Broker>;
  presence: PresenceStore;
  access: AccessList;
  nodes: NodeRegistry;
  /** Why they do not work at the moment, as predicate of "Redis", as far as is known; undefined while all is well. */
  trouble?: (() => string | undefined) | undefined;
  /** Of the broker, if it has any. */
  probes?: ProbeStats | undefined;
  /** Where the gateway says what it counts; without it nobody asks. */
  metrics?: Metrics | undefined;
  /** Connections that the process has descriptors for. By default what it may open, less what it needs itself. */
  capacity?: number | undefined;
  log: Logger;
}

/** One running gateway node. */
export interface Gateway extends Closeable {
  readonly nodeId: string;
  readonly port: number;
  readonly connections: ConnectionRegistry;
  /** How its port is, as `/readyz` says. */
  readonly health: PortHealth;
}

/** An ack waits for its message for at most two of these beyond the longest time of gathering, in milliseconds. */
const ACK_PERIOD_MS = 5;

/** @throws {StartError} {UnavailableError} nothing is left running then */
export async function createGateway(config: GatewayConfig, parts: GatewayParts): Promise<Gateway> {
  const nodeId = config.nodeId ?? newNodeId();
  const log = parts.log.child({ nodeId });
  for (const warning of config.auth.warnings) log.warn(warning);
  const { capacity = descriptorsForConnections() } = parts;
  const served = servedConnections(capacity);
  if (config.maxConnections > served) {
    const reason =
      'MAX_CONNECTIONS is more than the process may open: raise its limit of open files (ulimit -n)';
    log.warn({ configured: config.maxConnections, maxConnections: served }, reason);
  }
  const closer = new Closer();
  try {
    const maxConnections = Math.min(config.maxConnections, served);
    return await start({ ...config, maxConnections }, { ...parts, capacity }, nodeId, log, closer);
  } catch (error) {
    await closer.close().catch(() => undefined);
    throw error;
  }
}

/**
 * A gateway in five steps: telemetry, relay, rooms, connections, sessions. Each step uses what the steps before it have
 * made. Nothing arrives before the end, where each part starts to listen.
 */
async function start(
  config: GatewayConfig,
  parts: GatewayParts & { readonly capacity: number },
  nodeId: string,
  log: Logger,
  closer: Closer,
): Promise<Gateway> {
  const telemetry = await openTelemetry(config, { ...parts, nodeId, log }, closer);
  const { counters, timings, traces, busy } = telemetry;

  const connectBroker = (): Promise<Broker> => parts.connectBroker(busy);
  const relay = await connectRelay(config, { ...parts, connectBroker, timings, nodeId, log }, closer);
  const { broker, feeds, presence } = relay;

  const descriptors = { capacity: parts.capacity, byAddress: config.trustedProxies === 0 };
  const transport = new UwsTransport({ ...config, counts: counters, connections: descriptors }, log);
  const hub = new Hub({ ...relay, counters, timings, traces, transport });

  const { secret = generateSecret(), acceptedSecrets, mode } = config.auth;
  const guard = new Guard(new Tokens(secret, TOKEN_TTL_SECONDS, acceptedSecrets), mode);
  const trouble = (): string | undefined => broker.trouble ?? parts.trouble?.();
  const { load } = telemetry;
  const lifecycle = closer.add(
    new ConnectionLifecycle(config, { ...parts, nodeId, guard, transport, presence, load, trouble, log }),
  );
  const { admission, connections } = lifecycle;

  const acks = new HeldAcks(ACK_PERIOD_MS + config.deliveryWindowMs / 2);
  const publish = telemetry.publishThrough(broker);
  const nextMessageId = messageIds(nodeId);
  const contexts = sessionContexts(config, {
    ...parts,
    ...{ hub, acks, guard, broker, publish, nextMessageId, counters, log },
  });
  const handlers = routes(
    {
      takeSlot: (request) => admission.takeSlot(request),
      joinRoom: (roomId, request, slot) => joinRoom(roomId, request, slot, admission, contexts),
      connect: (request, slot) => connect(request, slot, admission, contexts.v1),
      health: () => lifecycle.portHealth,
      refused: (reason) => counters.upgradesRefused[reason]++,
      stoodStill: () => lifecycle.stoodStill(),
    },
    log,
  );

  feeds.listen(hub, {
    onControl: (event) => {
      hub.control(event);
      lifecycle.control(event);
    },
    onResumed: () => lifecycle.resumed(),
  });
  const paced = new DeliveryPace(feeds, { maxMs: config.deliveryWindowMs, busy });
  broker.listen(traces?.arriving(paced) ?? paced);
  closer.defer(() => transport.close());
  const { upgrades } = telemetry;
  const port = await transport.listen(upgrades === undefined ? handlers : traceUpgrades(handlers, upgrades));
  const { metrics } = parts;
  if (metrics !== undefined)
    addGatewayMetrics(metrics, { ...parts, ...config, ...telemetry, lifecycle, feeds, presence });
  log.info({ port }, 'gateway is listening');

  let closing: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    await lifecycle.empty(() => {
      // Before the sockets close, so that their users are not announced as gone: most will be back
      // through another gateway in a moment.
      presence.drain();
    });
    await closer.close();
  };
  return {
    nodeId,
    port,
    connections,
    get health() {
      return lifecycle.portHealth;
    },
    close: () => {
      closing ??= stop();
      return closing;
    },
  };
}

/** A name that no other node has. */
export function newNodeId(): string {
  return `gateway-${randomBytes(4).toString('hex')}`;
}

/**
 * Message ids: the node's name, a start of this process that no earlier one of that name had, and a
 * count.
 */
function messageIds(nodeId: string): () => string {
  const prefix = `${nodeId}-${startId()}-`;
  let count = 0;
  return () => prefix + (count++).toString(36);
}
