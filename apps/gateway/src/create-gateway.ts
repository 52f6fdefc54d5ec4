import { randomBytes } from 'node:crypto';
import { Guard, generateSecret, TOKEN_TTL_SECONDS, Tokens } from '@chorus/auth';
import type { Broker, ProbeStats, ReadPositions } from '@chorus/broker';
import type { AccessList, MembershipList, NodeRegistry, Subject } from '@chorus/control';
import { createHook } from '@chorus/hook';
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
import { GatheredAccess } from './connections/gathered-access.js';
import { startId } from './connections/start-id.js';
import { Inboxes } from './inbox/inboxes.js';
import { ConnectionLifecycle } from './lifecycle/connection-lifecycle.js';
import type { PortHealth } from './lifecycle/readiness.js';
import { HeldAcks } from './rooms/acks.js';
import { DeliveryPace } from './rooms/delivery-pace.js';
import { Hub } from './rooms/hub.js';
import { MemberChecks } from './rooms/members/checks.js';
import { connectRelay, type Relay } from './rooms/relay.js';
import { routes } from './routes.js';
import { connect } from './sessions/connect.js';
import { joinRoom } from './sessions/join-room.js';
import { sessionContexts } from './sessions/session-contexts.js';
import { addGatewayMetrics } from './telemetry/metrics.js';
import { openTelemetry, type Telemetry } from './telemetry/telemetry.js';
import { traceUpgrades } from './telemetry/upgrade-traces.js';
import { UwsTransport } from './transport/uws.js';

/** Parts that a gateway needs: Redis-backed in production, in memory in standalone mode. */
export interface GatewayParts {
  /**
   * Connects the broker. The gateway listens to it and closes it.
   * @param gathering how long messages may wait for each other at the moment, 0 to 1
   */
  connectBroker(gathering: () => number): Promise<Broker>;
  presence: PresenceStore;
  access: AccessList;
  /** Copy of the memberships. */
  memberships: Pick<MembershipList, 'takeTurn'>;
  reads: Pick<ReadPositions, 'mark'>;
  nodes: NodeRegistry;
  /** Why the parts do not work at the moment, as predicate of "Redis"; undefined if no trouble is known. */
  trouble?: (() => string | undefined) | undefined;
  /** Statistics of the broker's probes; undefined for a broker without probes. */
  probes?: ProbeStats | undefined;
  /** Registry of the gateway's metrics; undefined if metrics are not collected. */
  metrics?: Metrics | undefined;
  /**
   * Number of connections that the process has descriptors for. Default: its limit of open files, less its own needs.
   */
  capacity?: number | undefined;
  log: Logger;
}

/** One running gateway node. */
export interface Gateway extends Closeable {
  readonly nodeId: string;
  readonly port: number;
  readonly connections: ConnectionRegistry;
  /** State of the port, as `/readyz` reports it. */
  readonly health: PortHealth;
}

/** An ack waits for its message for at most two of these periods beyond the longest gathering time, in milliseconds. */
const ACK_PERIOD_MS = 5;

/** The parts, plus the node's id and the closer of everything that is started. */
type NodeParts = GatewayParts & {
  readonly nodeId: string;
  readonly capacity: number;
  readonly closer: Closer;
};

/** Creates and starts a gateway. @throws {StartError} {UnavailableError} nothing is left running then */
export async function createGateway(given: GatewayConfig, givenParts: GatewayParts): Promise<Gateway> {
  const nodeId = given.nodeId ?? newNodeId();
  const log = givenParts.log.child({ nodeId });
  for (const warning of given.auth.warnings) log.warn(warning);
  const { capacity = descriptorsForConnections() } = givenParts;
  const served = servedConnections(capacity);
  if (given.maxConnections > served) {
    const reason =
      'MAX_CONNECTIONS is more than the process may open: raise its limit of open files (ulimit -n)';
    log.warn({ configured: given.maxConnections, maxConnections: served }, reason);
  }
  const config = { ...given, maxConnections: Math.min(given.maxConnections, served) };
  const closer = new Closer();
  try {
    return await start(config, { ...givenParts, nodeId, capacity, log, closer });
  } catch (error) {
    await closer.close().catch(() => undefined);
    throw error;
  }
}

/** Starts in five steps. Each uses only what the previous steps created, and nothing arrives before the last. */
async function start(config: GatewayConfig, parts: NodeParts): Promise<Gateway> {
  const telemetry = await openTelemetry(config, parts);
  const relay = await connectRelay(config, { ...parts, telemetry });
  const rooms = openRooms(config, { ...parts, telemetry, relay });
  const lifecycle = openLifecycle(config, { ...parts, telemetry, relay, rooms });
  const port = await serve(config, { ...parts, telemetry, relay, rooms, lifecycle });

  let closing: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    // Before the sockets close, so that their users are not announced as gone: most clients reconnect to another
    // gateway within a moment.
    await lifecycle.empty(() => relay.presence.drain());
    await parts.closer.close();
  };
  return {
    nodeId: parts.nodeId,
    port,
    connections: lifecycle.connections,
    get health() {
      return lifecycle.portHealth;
    },
    close: () => {
      closing ??= stop();
      return closing;
    },
  };
}

/** The rooms of this node, and the transport that publishes to their sockets. */
interface RoomParts {
  readonly hub: Hub;
  readonly transport: UwsTransport;
}

function openRooms(
  config: GatewayConfig,
  { telemetry, relay, access, capacity, log }: NodeParts & { telemetry: Telemetry; relay: Relay },
): RoomParts {
  const connections = { capacity, byAddress: config.trustedProxies === 0 };
  const transport = new UwsTransport({ ...config, counts: telemetry.counters, connections }, log);
  const memberChecks = new MemberChecks(access);
  return { transport, hub: new Hub({ ...relay, ...telemetry, memberChecks, transport }) };
}

function openLifecycle(
  config: GatewayConfig,
  parts: NodeParts & { telemetry: Telemetry; relay: Relay; rooms: RoomParts },
): ConnectionLifecycle {
  const { secret = generateSecret(), acceptedSecrets, mode } = config.auth;
  const guard = new Guard(new Tokens(secret, TOKEN_TTL_SECONDS, acceptedSecrets), mode);
  const { broker, presence } = parts.relay;
  const trouble = (): string | undefined => broker.trouble ?? parts.trouble?.();
  const { load } = parts.telemetry;
  const { transport } = parts.rooms;
  const lifecycle = new ConnectionLifecycle(config, { ...parts, guard, transport, presence, load, trouble });
  return parts.closer.add(lifecycle);
}

/**
 * Lets messages and connections in; resolves to the port. An arriving message goes from `RedisBroker` through its
 * envelope to the {@link DeliveryPace}, the feeds, the feed of its room and the {@link Hub}, which publishes it to the sockets.
 */
async function serve(
  config: GatewayConfig,
  parts: NodeParts & { telemetry: Telemetry; relay: Relay; rooms: RoomParts; lifecycle: ConnectionLifecycle },
): Promise<number> {
  const { telemetry, lifecycle, metrics, log } = parts;
  const { hub, transport } = parts.rooms;
  const { broker, feeds, presence } = parts.relay;
  const { counters, traces, upgrades, gathering } = telemetry;

  const inboxes = new Inboxes({ ...parts, ...inboxLimits(config), broker });
  parts.closer.defer(() => inboxes.close());
  feeds.listen(hub, {
    onControl: (event) => {
      hub.control(event);
      inboxes.control(event);
      lifecycle.control(event);
    },
    onResumed: () => {
      lifecycle.resumed();
      hub.roomList.missed();
    },
  });
  parts.closer.defer(() => hub.roomList.close());
  const pace = new DeliveryPace(feeds, { maxMs: config.deliveryWindowMs, gathering });
  broker.listen(traces?.arriving(pace) ?? pace, inboxes);

  const { admission, guard } = lifecycle;
  const acks = new HeldAcks(ACK_PERIOD_MS + config.deliveryWindowMs / 2);
  const publish = telemetry.publishThrough(broker);
  const nextMessageId = messageIds(parts.nodeId);
  const hook = await createHook(config.hook, {
    ...{ metrics, log, limits: config.messageLimits },
    publishedWith: (roomId, key) => broker.publishedWith(roomId, key),
  });
  parts.closer.defer(() => hook?.close());
  const access = new GatheredAccess(parts.access);
  const admits = (subject: Subject): boolean => admission.admits(subject);
  const shared = {
    hub,
    inboxes,
    acks,
    access,
    admits,
    guard,
    broker,
    publish,
    hook,
    nextMessageId,
    counters,
  };
  const contexts = sessionContexts(config, { ...parts, ...shared });
  const handlers = routes(
    {
      takeSlot: (request) => admission.takeSlot(request),
      joinRoom: (roomId, request, slot) => joinRoom(roomId, request, slot, admission, contexts),
      connect: (request, slot) => connect(request, slot, admission, contexts.v1),
      health: () => lifecycle.portHealth,
      refused: (code) => counters.upgradeRefused(code),
      stoodStill: () => lifecycle.stoodStill(),
    },
    log,
  );
  parts.closer.defer(() => transport.close());
  const port = await transport.listen(upgrades === undefined ? handlers : traceUpgrades(handlers, upgrades));
  if (metrics !== undefined) {
    addGatewayMetrics(metrics, { ...parts, ...config, ...telemetry, lifecycle, feeds, presence, inboxes });
  }
  log.info({ port }, 'gateway is listening');
  return port;
}

/** Share of the bytes that may wait for a socket beyond which it gets no news. */
const INBOX_QUEUE_SHARE = 1 / 4;

function inboxLimits({
  inboxIntervalMs: intervalMs,
  maxInboxRooms: maxRooms,
  maxQueuedBytes,
}: GatewayConfig) {
  return { intervalMs, maxRooms, maxQueuedBytes: maxQueuedBytes * INBOX_QUEUE_SHARE };
}

/** Id that no other node has. */
export function newNodeId(): string {
  return `gateway-${randomBytes(4).toString('hex')}`;
}

/** Generator of message ids: node id, id of this start of the process, counter. */
function messageIds(nodeId: string): () => string {
  const prefix = `${nodeId}-${startId()}-`;
  let count = 0;
  return () => prefix + (count++).toString(36);
}
