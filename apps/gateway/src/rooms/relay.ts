import { type Broker, RoomFeeds } from '@chorus/broker';
import { type PresenceStore, PresenceTracker } from '@chorus/presence';
import type { Closer, Logger } from '@chorus/service';
import type { GatewayConfig } from '../config.js';
import type { Timings } from '../telemetry/timings.js';
import { WatermarkRegistry } from './watermark-registry.js';

/** Pause before a failed read of the history is retried, in milliseconds. */
const REPAIR_RETRY_MS = 250;

/** How this node takes part in rooms that are spread over all nodes. */
export interface Relay {
  readonly broker: Broker;
  readonly feeds: RoomFeeds;
  readonly presence: PresenceTracker;
  readonly watermarks: WatermarkRegistry;
}

export interface RelayParts {
  readonly nodeId: string;
  connectBroker(): Promise<Broker>;
  readonly presence: PresenceStore;
  readonly timings: Pick<Timings, 'recovered'>;
  readonly log: Logger;
}

/**
 * Connects to the other nodes. Nothing is delivered before `listen` of the feeds and of the broker.
 *
 * @param closer closes what is started here
 */
export async function connectRelay(
  config: GatewayConfig,
  { nodeId, connectBroker, presence: store, timings, log }: RelayParts,
  closer: Closer,
): Promise<Relay> {
  const broker = await connectBroker();
  const { roomLingerMs: lingerMs, recoveryMaxMessages } = config;
  const onRecovered = (ms: number): void => timings.recovered(ms);
  const limits = { lingerMs, retryMs: REPAIR_RETRY_MS, recoveryMaxMessages };
  const feeds = closer.add(new RoomFeeds(broker, { ...limits, onRecovered, log }));
  const { presenceLeaseMs: ttlMs, presenceGraceMs: graceMs } = config;
  const presence = new PresenceTracker({ store, nodeId, ttlMs, graceMs, log });
  presence.start();
  closer.defer(() => presence.close({ release: true }));
  const watermarks = new WatermarkRegistry(broker, log);
  closer.defer(() => watermarks.close());
  return { broker, feeds, presence, watermarks };
}
