import { Closer, type Logger } from '@chorus/service';
import type { Broker, BrokerListener } from '../broker.js';
import { RoomFeeds, type RoomFeedsOptions } from '../feeds/room-feeds.js';
import { Recorder } from './recorder.js';

/** Feeds with a recorder behind them: what it hears is what members of the rooms would receive. */
export async function openFeeds(
  connect: (listener: BrokerListener) => Promise<Broker>,
  options: Partial<RoomFeedsOptions> & { log: Logger },
): Promise<{ feeds: RoomFeeds; broker: Broker; heard: Recorder }> {
  const heard = new Recorder();
  const opened = await RoomFeeds.open(
    connect,
    {
      onMessage: (roomId, seq, frame) => {
        const epoch = opened.feeds.position(roomId)?.epoch ?? 0;
        heard.onMessage(roomId, { epoch, seq }, frame);
      },
      onNotice: (roomId, frame) => heard.onNotice(roomId, frame),
      onStored: (roomId, upTo) => heard.onStored(roomId, upTo),
      onControl: (event) => heard.onControl(event),
    },
    { lingerMs: 0, retryMs: 20, ...options },
  );
  return { ...opened, heard };
}

export { until as eventually } from '@chorus/testing';

/** What a test has started, closed after each test. */
export function closeAfterEach(): () => Closer {
  let closer = new Closer();
  afterEach(async () => {
    await closer.close();
    closer = new Closer();
  });
  return () => closer;
}
