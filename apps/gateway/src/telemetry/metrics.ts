import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ProbeStats, RoomFeedStats } from '@chorus/broker';
import type { NodeReport } from '@chorus/control';
import type { PresenceTracker } from '@chorus/presence';
import type { Metrics } from '@chorus/service';
import type { ConnectionRegistry } from '../connections/connection-registry.js';
import type { GatewayCounters } from './counters.js';
import type { ProcessorShare } from './processor-share.js';

/** Where the figures of a gateway are read from when metrics are collected. */
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
  /** Undefined for a broker that needs no probes. */
  probes?: ProbeStats | undefined;
  processor: Pick<ProcessorShare, 'get'>;
  /** How busy the process is, from 0 to 1. */
  busy(): number;
  maxConnections: number;
  maxBacklogBytes: number;
  deliveryWindowMs: number;
}

/** The figures of all rooms together, which take a look at each of them, are read once for all metrics. */
type Sources = Omit<GatewaySources, 'feeds'> & { feeds(): RoomFeedStats };

/** Connections that are looked at before others get their turn. */
const AT_ONCE = 2_000;

/** Registers everything that a gateway tells besides its histograms. What it means stands in docs/reference/metrics.md. */
export function addGatewayMetrics(metrics: Metrics, sources: GatewaySources): void {
  const from = { ...sources, feeds: onceATurn(() => sources.feeds.stats) };
  addConnectionMetrics(metrics, from);
  addMessageMetrics(metrics, from);
  addRelayMetrics(metrics, from);
  addStateMetrics(metrics, from);
}

function addConnectionMetrics(metrics: Metrics, { counters, lifecycle, maxConnections }: Sources): void {
  const { connections } = lifecycle;
  const name = (end: string): string => `chorus_gateway_${end}`;
  metrics.gaugeBy(name('connections'), 'protocol', 'Open sockets.', () => counters.open);
  metrics.gauge(name('connections_limit'), 'Most sockets that are taken.', () => maxConnections);
  metrics.counterBy(
    name('connections_opened_total'),
    'protocol',
    'Sockets that were opened.',
    () => counters.opened,
  );
  metrics.counterBy(
    name('connections_closed_total'),
    'code',
    'Sockets that ended, by close code.',
    () => counters.closed,
  );
  metrics.counterBy(
    name('upgrades_refused_total'),
    'reason',
    'Requests for a socket that were refused.',
    () => counters.upgradesRefused,
  );
  metrics.gauge(name('queued_bytes'), 'Bytes that clients have not taken yet.', () =>
    queuedBytes(connections),
  );
  metrics.counter(
    name('slow_readers_total'),
    'Sockets that were cut off because they read too slowly.',
    () => counters.slowReaders,
  );
  metrics.counterBy(
    name('sent_away_total'),
    'why',
    'Sockets whose clients were asked to come back elsewhere.',
    () => connections.reconnectRequests,
  );
}

function addMessageMetrics(metrics: Metrics, { counters, feeds, presence }: Sources): void {
  const count = (name: string, help: string, read: () => number): void =>
    metrics.counter(`chorus_gateway_${name}_total`, help, read);
  metrics.gauge('chorus_gateway_rooms', 'Rooms with somebody in them here.', () => presence.localRooms);
  count('joins', 'Sockets that entered a room.', () => counters.joins);
  count('leaves', 'Sockets that left a room, or ended in it.', () => counters.leaves);
  count('messages_in', 'Messages that clients sent, the refused ones included.', () => counters.messagesIn);
  count(
    'messages_out',
    'Deliveries of messages to sockets, those of missed messages included.',
    () => counters.messagesOut + feeds().replayedMessages,
  );
  metrics.counterBy(
    'chorus_gateway_messages_refused_total',
    'reason',
    'Messages that were refused.',
    () => counters.messagesRefused,
  );
  count('acks', 'Messages that were numbered and stored in Redis.', () => counters.acks);
  count('bytes_in', 'Bytes of text frames received.', () => counters.bytesIn);
  count('bytes_out', 'Bytes of text frames handed to sockets.', () => counters.bytesOut);
}

function addRelayMetrics(metrics: Metrics, from: Sources): void {
  const { feeds, presence, probes } = from;
  const name = (end: string): string => `chorus_gateway_${end}`;
  metrics.gauge(
    name('subscriber_lag_seconds'),
    'Last round trip of a message to itself, or how long one is under way.',
    () => (probes?.lagMs ?? 0) / 1_000,
    'max',
  );
  metrics.counter(
    name('probe_failures_total'),
    'Messages to itself that did not come back in time.',
    () => probes?.failures ?? 0,
  );
  metrics.gauge(name('rooms_behind'), 'Rooms whose messages may be missing.', () => feeds().behind);
  metrics.counterBy(name('gaps_total'), 'outcome', 'Gaps in what arrived.', () => {
    const { gapsRepaired, gapsLost } = feeds();
    return { repaired: gapsRepaired, lost: gapsLost };
  });
  metrics.counter(
    name('gap_messages_total'),
    'Messages read from the history to fill gaps.',
    () => feeds().gapMessages,
  );
  metrics.counterBy(name('recoveries_total'), 'outcome', 'Clients that came back with a position.', () => {
    const { replays, replaysRefused } = feeds();
    return { recovered: replays, not_recovered: replaysRefused };
  });
  metrics.counter(
    name('recovered_messages_total'),
    'Messages handed to clients that had missed them.',
    () => feeds().replayedMessages,
  );
  metrics.gauge(
    name('replay_bytes'),
    'Memory that holds messages for returning clients.',
    () => feeds().replayBytes,
  );
  metrics.counter(
    name('presence_reaped_total'),
    'Departures announced for nodes that died.',
    () => presence.reaped,
  );
}

function addStateMetrics(metrics: Metrics, from: Sources): void {
  metrics.gauge(
    'chorus_gateway_backlog_limit_bytes',
    'Bytes of messages that may wait for the archiver.',
    () => from.maxBacklogBytes,
    'max',
  );
  metrics.gaugeBy('chorus_gateway_state', 'state', 'Which state it is in: 1, and 0 for the others.', () => ({
    ready: 0,
    degraded: 0,
    draining: 0,
    isolated: 0,
    [from.lifecycle.isolated ? 'isolated' : from.lifecycle.state]: 1,
  }));
  metrics.gauge(
    'chorus_gateway_drain_remaining_connections',
    'Sockets that a drain has still to send away.',
    () => from.lifecycle.drainRemaining,
  );
  metrics.gauge(
    'chorus_gateway_delivery_window_seconds',
    'How long deliveries are gathered.',
    () => (from.deliveryWindowMs * from.busy()) / 1_000,
    'max',
  );
  metrics.gauge(
    'chorus_gateway_processor_share',
    'Share of a core that the process has, 0 to 1.',
    () => from.processor.get(),
    'max',
  );
}

/** With a pause now and then: fifty thousand sockets are no reason to keep messages waiting. */
async function queuedBytes(connections: ConnectionRegistry): Promise<number> {
  let bytes = 0;
  let looked = 0;
  for (const slot of connections.slots()) {
    bytes += slot.connection?.queuedBytes ?? 0;
    if (++looked % AT_ONCE === 0) await nextTurn();
  }
  return bytes;
}

/** What is read for several metrics is looked up for the first of them only. */
function onceATurn<T>(read: () => T): () => T {
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
