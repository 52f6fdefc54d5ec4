import type { BrokerListener } from '@chorus/broker';

type ActivityListener = Required<Pick<BrokerListener, 'onActivity' | 'onActivityMissed'>>;

/** Passes news of rooms to one listener, and everything else to another. */
export function listeningToActivity(listener: BrokerListener, activity: ActivityListener): BrokerListener {
  return {
    onMessage: (roomId, position, frame) => listener.onMessage(roomId, position, frame),
    onNotice: (roomId, frame) => listener.onNotice(roomId, frame),
    onStored: (roomId, upTo) => listener.onStored(roomId, upTo),
    onMoved: (roomId, to) => listener.onMoved?.(roomId, to),
    onControl: (event) => listener.onControl(event),
    onResumed: () => listener.onResumed(),
    onActivity: (each) => activity.onActivity(each),
    onActivityMissed: () => activity.onActivityMissed(),
  };
}
