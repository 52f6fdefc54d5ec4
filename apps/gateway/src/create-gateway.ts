import { randomBytes } from 'node:crypto';
import { Guard, generateSecret, TOKEN_TTL_SECONDS, Tokens } from '@chorus/auth';
import { type Broker, type BrokerListener, type ProbeStats, RoomFeeds } from '@chorus/broker';
import type { AccessList, NodeRegistry } from '@chorus/control';
import { type PresenceStore, PresenceTracker } from '@chorus/presence';
import {
  type Closeable,
  Closer,
  createTraces,
  descriptorsForConnections,
  type Logger,
  type Metrics,
  servedConnections,
} from '@chorus/service';
import type { GatewayConfig } from './config.js';
import type { Connections } from './connections/connections.js';
import { startId } from './connections/start-id.js';
import { ownUrl } from './lifecycle/own-url.js';
import type { PortHealth } from './lifecycle/readiness.js';
import { Steward } from './lifecycle/steward.js';
import { Acks } from './rooms/acks.js';
import { DeliveryPace } from './rooms/delivery-pace.js';
import { Hub } from './rooms/hub.js';
import { Watermarks } from './rooms/watermarks.js';
import { routes } from './routes.js';
import { connect } from './sessions/connect.js';
import { joinRoom } from './sessions/join-room.js';
import type { SeedContext } from './sessions/seed-session.js';
import type { V1Context } from './sessions/v1-context.js';
import { GatewayCounters } from './telemetry/counters.js';
import { MessageTraces } from './telemetry/message-traces.js';
import { addGatewayMetrics } from './telemetry/metrics.js';
import { NodeLoadReader } from './telemetry/node-load.js';
import { ProcessorShare } from './telemetry/processor-share.js';
import { addGatewayTimings } from './telemetry/timings.js';
import { traceUpgrades } from './telemetry/upgrade-traces.js';
import type { Transport } from './transport/transport.js';
import { listenUws } from './transport/uws.js';

/** What a gateway needs from outside; Redis-backed in production, in memory in standalone mode. */
export interface GatewayParts {
  /**
   * Makes the broker, given the listener that it must call and how busy the gateway is, 0 to 1: the busier, the longer
   * messages may wait for each other. The gateway closes it.
   */
  connectBroker(listener: BrokerListener, busy: () => number): Promise<Broker>;
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
  readonly connections: Connections;
  /** How its port is, as `/readyz` says. */
  readonly health: PortHealth;
}

/** Shares of a core: up to the first a gateway gathers nothing, from the second on as long as it may. */
const QUIET = 0.2;
const BUSY = 0.5;
/** An ack waits for its message for at most two of these beyond the longest time of gathering, in milliseconds. */
const ACK_PERIOD_MS = 5;
/** Pause before a read of the history that failed is tried again, in milliseconds. */
const REPAIR_RETRY_MS = 250;

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

async function start(
  config: GatewayConfig,
  parts: GatewayParts & { readonly capacity: number },
  nodeId: string,
  log: Logger,
  closer: Closer,
): Promise<Gateway> {
  const counters = new GatewayCounters();
  const timings = addGatewayTimings(parts.metrics);
  if (parts.probes !== undefined) parts.probes.onReturn = (ms) => timings.probed(ms);
  const traces = await createTraces(config.traces, { service: 'gateway', nodeId, log });
  if (traces !== undefined) closer.add(traces);
  const messageTraces = traces === undefined ? undefined : new MessageTraces(traces);
  const processor = new ProcessorShare();
  const busy = (now?: number): number => processor.between(QUIET, BUSY, now);
  let hub: Hub | undefined;
  let steward: Steward | undefined;
  const { broker, feeds } = await RoomFeeds.open(
    (listener) => {
      const pace = new DeliveryPace(listener, { maxMs: config.deliveryWindowMs, busy });
      return parts.connectBroker(messageTraces?.arriving(pace) ?? pace, busy);
    },
    {
      onMessage: (roomId, _seq, frame) => {
        hub?.deliver(roomId, frame);
        timings.delivered(frame);
        if (messageTraces !== undefined) traceDelivery(roomId);
      },
      onNotice: (roomId, frame) => hub?.notice(roomId, frame),
      onStored: (roomId, upTo) => hub?.stored(roomId, upTo),
      onLost: (roomId, loss) => hub?.historyLost(roomId, loss),
      onControl: (event) => {
        hub?.control(event);
        steward?.control(event);
      },
      onResumed: () => steward?.resumed(),
    },
    {
      lingerMs: config.roomLingerMs,
      retryMs: REPAIR_RETRY_MS,
      recoveryMaxMessages: config.recoveryMaxMessages,
      onRecovered: (ms) => timings.recovered(ms),
      log,
    },
  );
  closer.add(feeds);
  /** Asked from within a delivery, the room's position is that of what is delivered. */
  const traceDelivery = (roomId: number): void => {
    const position = feeds.position(roomId);
    if (position !== undefined) messageTraces?.delivered(roomId, position, hub?.occupants(roomId) ?? 0);
  };
  const timed: Broker['publish'] =
    parts.metrics === undefined ? (...message) => broker.publish(...message) : timings.publish(broker);
  const say = messageTraces?.publishing(timed) ?? timed;
  const load = closer.add(new NodeLoadReader({ counters, timings, probes: parts.probes, processor }));

  const presence = new PresenceTracker({
    store: parts.presence,
    nodeId,
    ttlMs: config.presenceLeaseMs,
    graceMs: config.presenceGraceMs,
    log,
  });
  presence.start();
  closer.defer(() => presence.close({ release: true }));

  const watermarks = new Watermarks(broker, log);
  closer.defer(() => watermarks.close());
  let publish: Transport['publish'] = () => undefined;
  let stopListening: Transport['stopListening'] = () => undefined;
  let url: string | undefined;
  const acks = new Acks(ACK_PERIOD_MS + config.deliveryWindowMs / 2);
  hub = new Hub({ feeds, presence, watermarks, counters, publish: (topic, frame) => publish(topic, frame) });
  const seeds: SeedContext = {
    hub,
    publish: say,
    nextMessageId: messageIds(nodeId),
    maxMessagesPerSecond: config.maxMessagesPerSecond,
    maxQueuedBytes: config.maxQueuedBytes,
    counters,
    log,
  };
  const { secret = generateSecret(), acceptedSecrets, mode } = config.auth;
  const guard = new Guard(new Tokens(secret, TOKEN_TTL_SECONDS, acceptedSecrets), mode);
  const { access, nodes } = parts;
  steward = new Steward(config, {
    nodeId,
    guard,
    access,
    nodes,
    stopListening: () => stopListening(),
    trouble: () => broker.trouble ?? parts.trouble?.(),
    url: () => url,
    rooms: () => presence.localRooms,
    load: () => load.read(),
    log,
  });
  closer.add(steward);
  const { admission, connections } = steward;
  const v1: V1Context = {
    hub,
    acks,
    access,
    presence: parts.presence,
    verify: (token) => {
      const admission = guard.authenticate({ authorization: `Bearer ${token}` });
      return admission.ok ? admission.token : undefined;
    },
    publish: say,
    publishNotice: (roomId, frame) => broker.publishNotice(roomId, frame),
    nextMessageId: seeds.nextMessageId,
    limits: {
      maxFrameBytes: config.maxFrameBytes,
      maxMessagesPerSecond: config.maxMessagesPerSecond,
      maxRooms: config.maxRoomsPerConnection,
      idleTimeoutSeconds: config.idleTimeoutSeconds,
    },
    maxQueuedBytes: config.maxQueuedBytes,
    counters,
    log,
  };
  const handlers = routes(
    {
      takeSeat: (request) => admission.takeSeat(request),
      joinRoom: (roomId, request, seat) => joinRoom(roomId, request, seat, admission, { seed: seeds, v1 }),
      connect: (request, seat) => connect(request, seat, admission, v1),
      health: () => steward.portHealth,
      refused: (reason) => counters.upgradesRefused[reason]++,
    },
    log,
  );
  const traced = traces === undefined ? handlers : traceUpgrades(handlers, traces);
  const limits = { capacity: parts.capacity, byAddress: config.trustedProxies === 0 };
  const transport = await listenUws(
    { ...config, counts: counters, connections: limits, onStandstill: () => steward?.stoodStill() },
    traced,
    log,
  );
  closer.defer(() => transport.close());
  publish = transport.publish;
  stopListening = transport.stopListening;
  url = config.peerUrl ?? ownUrl(config.host, transport.port);
  const { metrics, probes } = parts;
  if (metrics !== undefined) {
    addGatewayMetrics(metrics, {
      counters,
      connections,
      feeds: () => feeds.stats,
      presence,
      probes,
      maxConnections: config.maxConnections,
      maxBacklogBytes: config.maxBacklogBytes,
      rooms: () => presence.localRooms,
      state: () => (steward.isolated ? 'isolated' : steward.state),
      drainRemaining: () => steward.drainRemaining,
      deliveryWindowMs: () => config.deliveryWindowMs * busy(),
      processorShare: () => processor.get(),
    });
  }
  log.info({ port: transport.port }, 'gateway is listening');
  const { port } = transport;
  let closing: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    await steward.empty(() => {
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
      return steward.portHealth;
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
