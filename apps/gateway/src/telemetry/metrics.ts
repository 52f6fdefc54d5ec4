import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ProbeStats, RoomFeedStats } from '@chorus/broker';
import type { NodeReport } from '@chorus/control';
import type { PresenceTracker } from '@chorus/presence';
import type { Metrics } from '@chorus/service';
import type { ConnectionRegistry } from '../connections/connection-registry.js';
import type { InboxStats } from '../inbox/inboxes.js';
import type { GatewayCounters } from './counters.js';
import type { ProcessorShare } from './processor-share.js';

/** Sources of the figures of a gateway, read when metrics are collected. */
export interface GatewaySources {
  counters: GatewayCounters;
  lifecycle: {
    readonly connections: ConnectionRegistry;
    readonly state: NodeReport['state'];
    readonly isolated: boolean;
    readonly drainRemaining: number;
  };
  feeds: { readonly stats: RoomFeedStats };
  presence: Pick<PresenceTracker, 'reaped' | 'localRooms'>;
  inboxes: { readonly stats: InboxStats };
  /** Undefined for a broker without probes. */
  probes?: ProbeStats | undefined;
  processor: Pick<ProcessorShare, 'get'>;
  /** How long messages wait for each other, from 0 to 1. */
  gathering(): number;
  maxConnections: number;
  maxBacklogBytes: number;
  deliveryWindowMs: number;
}

/** `feeds` visits all rooms, so it is read once per collection for all metrics. */
type Sources = Omit<GatewaySources, 'feeds'> & { feeds(): RoomFeedStats };

/** Number of connections visited before the event loop continues. */
const AT_ONCE = 2_000;

/** Registers the metrics of a gateway except its histograms. docs/reference/metrics.md explains them. */
export function addGatewayMetrics(metrics: Metrics, sources: GatewaySources): void {
  const from = { ...sources, feeds: oncePerTick(() => sources.feeds.stats) };
  addConnectionMetrics(metrics, from);
  addMessageMetrics(metrics, from);
  addRelayMetrics(metrics, from);
  addInboxMetrics(metrics, from);
  addStateMetrics(metrics, from);
}

function addConnectionMetrics(metrics: Metrics, { counters, lifecycle, maxConnections }: Sources): void {
  const { connections } = lifecycle;
  const name = (end: string): string => `chorus_gateway_${end}`;
  metrics.gaugeBy(
    name('connections'),
    'protocol',
    'Open sockets by protocol: plain or chorus.v1.',
    () => counters.open,
  );
  metrics.gauge(
    name('connections_limit'),
    'Largest number of open sockets: MAX_CONNECTIONS.',
    () => maxConnections,
  );
  metrics.counterBy(name('connections_opened_total'), 'protocol', 'Sockets opened.', () => counters.opened);
  metrics.counterBy(
    name('connections_closed_total'),
    'code',
    'Sockets closed, by close code.',
    () => counters.closed,
  );
  metrics.counterBy(
    name('upgrades_refused_total'),
    'reason',
    'Upgrades refused, by reason.',
    () => counters.upgradesRefused,
  );
  metrics.gauge(name('queued_bytes'), 'Bytes sent that clients have not read yet.', () =>
    queuedBytes(connections),
  );
  metrics.counter(
    name('slow_readers_total'),
    'Sockets closed because the client read too slowly.',
    () => counters.slowReaders,
  );
  metrics.counterBy(
    name('reconnect_requests_total'),
    'reason',
    'Sockets whose clients were asked to reconnect, by reason.',
    () => connections.reconnectRequests,
  );
}

function addMessageMetrics(metrics: Metrics, { counters, feeds, presence }: Sources): void {
  const count = (name: string, help: string, read: () => number): void =>
    metrics.counter(`chorus_gateway_${name}_total`, help, read);
  metrics.gauge('chorus_gateway_rooms', 'Rooms with members on this gateway.', () => presence.localRooms);
  count('joins', 'Joins of sockets to rooms.', () => counters.joins);
  count('leaves', 'Sockets that left a room, or closed in it.', () => counters.leaves);
  count('messages_in', 'Messages from clients, including refused ones.', () => counters.messagesIn);
  count(
    'messages_out',
    'Deliveries of messages to sockets, including replayed messages.',
    () => counters.messagesOut + feeds().replayedMessages,
  );
  metrics.counterBy(
    'chorus_gateway_messages_refused_total',
    'reason',
    'Messages refused, by error code.',
    () => counters.messagesRefused,
  );
  count('acks', 'Messages numbered and stored by Redis.', () => counters.acks);
  count('bytes_in', 'Bytes of text frames received.', () => counters.bytesIn);
  count('bytes_out', 'Bytes of text frames handed to sockets.', () => counters.bytesOut);
}

function addRelayMetrics(metrics: Metrics, from: Sources): void {
  const { feeds, presence, probes } = from;
  const name = (end: string): string => `chorus_gateway_${end}`;
  metrics.gauge(
    name('subscriber_lag_seconds'),
    'Round trip of the last probe through Redis, or the age of the probe in flight.',
    () => (probes?.lagMs ?? 0) / 1_000,
    'max',
  );
  metrics.counter(
    name('probe_failures_total'),
    'Probes that could not be sent or did not return in time.',
    () => probes?.failures ?? 0,
  );
  metrics.gauge(
    name('rooms_behind'),
    'Rooms with a suspected gap that is being repaired.',
    () => feeds().behind,
  );
  metrics.counterBy(name('gaps_total'), 'outcome', 'Gaps in received messages, by outcome.', () => {
    const { gapsRepaired, gapsLost } = feeds();
    return { repaired: gapsRepaired, lost: gapsLost };
  });
  metrics.counter(
    name('gap_messages_total'),
    'Messages read from the stream to fill gaps.',
    () => feeds().gapMessages,
  );
  metrics.counterBy(name('recoveries_total'), 'outcome', 'Clients that resumed, by outcome.', () => {
    const { replays, replaysRefused } = feeds();
    return { recovered: replays, not_recovered: replaysRefused };
  });
  metrics.counter(
    name('recovered_messages_total'),
    'Missed messages sent to clients that resumed.',
    () => feeds().replayedMessages,
  );
  metrics.gauge(
    name('replay_bytes'),
    'Memory that holds messages for clients that resume.',
    () => feeds().replayBytes,
  );
  metrics.counter(
    name('presence_reaped_total'),
    'Departures announced for members of dead gateways.',
    () => presence.reaped,
  );
}

function addInboxMetrics(metrics: Metrics, { inboxes }: Sources): void {
  const name = (end: string): string => `chorus_gateway_${end}`;
  metrics.gauge(name('inbox_sockets'), 'Sockets that watch the inbox.', () => inboxes.stats.sockets);
  metrics.gauge(
    name('inbox_rooms'),
    'Rooms of which users who watch the inbox are members.',
    () => inboxes.stats.rooms,
  );
  metrics.counter(
    name('inbox_activities_total'),
    'News of rooms that arrived from Redis.',
    () => inboxes.stats.activities,
  );
  metrics.counter(
    name('inbox_frames_total'),
    'Frames with news sent to sockets.',
    () => inboxes.stats.frames,
  );
  metrics.counterBy(
    name('inbox_resets_total'),
    'reason',
    'Sockets whose watch of the inbox the gateway ended, by reason.',
    () => inboxes.stats.resets,
  );
}

function addStateMetrics(metrics: Metrics, from: Sources): void {
  metrics.gauge(
    'chorus_gateway_backlog_limit_bytes',
    'Largest backlog of the archive: ARCHIVE_BACKLOG_BYTES.',
    () => from.maxBacklogBytes,
    'max',
  );
  metrics.gaugeBy(
    'chorus_gateway_state',
    'state',
    '1 for the current state of the gateway, 0 for the others.',
    () => ({
      ready: 0,
      degraded: 0,
      draining: 0,
      isolated: 0,
      [from.lifecycle.isolated ? 'isolated' : from.lifecycle.state]: 1,
    }),
  );
  metrics.gauge(
    'chorus_gateway_drain_remaining_connections',
    'Sockets that the drain has yet to close.',
    () => from.lifecycle.drainRemaining,
  );
  metrics.gauge(
    'chorus_gateway_delivery_window_seconds',
    'Time for which deliveries are currently collected.',
    () => (from.deliveryWindowMs * from.gathering()) / 1_000,
    'max',
  );
  metrics.gauge(
    'chorus_gateway_processor_share',
    'Recent use of one core, 0 to 1.',
    () => from.processor.get(),
    'max',
  );
}

/** Pauses regularly: visiting fifty thousand sockets must not delay messages. */
async function queuedBytes(connections: ConnectionRegistry): Promise<number> {
  let bytes = 0;
  let looked = 0;
  for (const slot of connections.slots()) {
    bytes += slot.connection?.queuedBytes ?? 0;
    if (++looked % AT_ONCE === 0) await nextTurn();
  }
  return bytes;
}

/** Caches a value for the current tick of the event loop, so that several metrics share one reading. */
function oncePerTick<T>(read: () => T): () => T {
  let known: { value: T } | undefined;
  return () => {
    if (known === undefined) {
      known = { value: read() };
      setImmediate(() => {
        known = undefined;
      });
    }
    return known.value;
  };
}
