import type { Logger } from '@chorus/service';
import type { Broker } from '../broker.js';
import type { RoomFeedOptions } from '../feeds/room-feed-options.js';
import { type NodeListener, RoomFeedRegistry, type RoomListener } from '../feeds/room-feed-registry.js';
import { Recorder } from './recorder.js';

/** A listener that ignores every event. */
export const IGNORE: RoomListener & NodeListener = {
  onMessage: () => undefined,
  onNotice: () => undefined,
  onStored: () => undefined,
  onLost: () => undefined,
  checkMembers: async () => undefined,
  onControl: () => undefined,
  onResumed: () => undefined,
};

/** Feeds with a recorder as listener: it receives what members of the rooms would receive. */
export async function openFeeds(
  connect: () => Promise<Broker>,
  options: Partial<RoomFeedOptions> & { log: Logger },
): Promise<{ feeds: RoomFeedRegistry; broker: Broker; heard: Recorder }> {
  const broker = await connect();
  const feeds = new RoomFeedRegistry(broker, { lingerMs: 0, retryMs: 20, ...options });
  const heard = new Recorder();
  feeds.listen(heard, heard);
  broker.listen(feeds);
  return { feeds, broker, heard };
}
