import { type Broker, RoomFeedRegistry } from '@chorus/broker';
import { type PresenceStore, PresenceTracker } from '@chorus/presence';
import type { Closer, Logger } from '@chorus/service';
import type { GatewayConfig } from '../config.js';
import type { Telemetry } from '../telemetry/telemetry.js';
import { WatermarkRegistry } from './watermark-registry.js';

/** Pause before a failed read of the history is retried, in milliseconds. */
const REPAIR_RETRY_MS = 250;

/** This node's part in rooms that span all nodes. */
export interface Relay {
  readonly broker: Broker;
  readonly feeds: RoomFeedRegistry;
  readonly presence: PresenceTracker;
  readonly watermarks: WatermarkRegistry;
}

export interface RelayParts {
  readonly nodeId: string;
  connectBroker(gathering: () => number): Promise<Broker>;
  readonly presence: PresenceStore;
  readonly telemetry: Pick<Telemetry, 'timings' | 'gathering'>;
  readonly log: Logger;
  /** Closes everything that is started here. */
  readonly closer: Closer;
}

/** Connects to the other nodes. Nothing is delivered before `listen` of the feeds and of the broker. */
export async function connectRelay(
  config: GatewayConfig,
  { nodeId, connectBroker, presence: store, telemetry, log, closer }: RelayParts,
): Promise<Relay> {
  const broker = await connectBroker(telemetry.gathering);
  const { roomLingerMs: lingerMs, recoveryMaxMessages, retentionDays } = config;
  const onRecovered = (ms: number): void => telemetry.timings.recovered(ms);
  const limits = { lingerMs, retryMs: REPAIR_RETRY_MS, recoveryMaxMessages, retentionDays };
  const feeds = closer.add(new RoomFeedRegistry(broker, { ...limits, onRecovered, log }));
  const { presenceLeaseMs: ttlMs, presenceGraceMs: graceMs } = config;
  const presence = new PresenceTracker({ store, nodeId, ttlMs, graceMs, log });
  presence.start();
  closer.defer(() => presence.close({ release: true }));
  const watermarks = new WatermarkRegistry(broker, log);
  closer.defer(() => watermarks.close());
  return { broker, feeds, presence, watermarks };
}
