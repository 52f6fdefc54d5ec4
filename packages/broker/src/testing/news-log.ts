import type { MessagesActivity } from '../activity.js';
import type { BrokerListener } from '../broker.js';
import { IGNORE } from './feeds.js';

/** News of the messages of one room, and the moments at which some may be missing, in order. */
export class NewsLog {
  readonly events: Array<MessagesActivity | 'missed'> = [];

  readonly listener: BrokerListener = {
    ...IGNORE,
    onActivity: (activity) => {
      if (activity.kind === 'messages') this.events.push(activity);
    },
    onActivityMissed: () => void this.events.push('missed'),
  };

  /** Number of times that news may have been missed. */
  get missed(): number {
    return this.events.filter((event) => event === 'missed').length;
  }

  /** @throws {Error} news are missing, or repeated, and nothing says so */
  expectGapsOnlyWhereMissed(): void {
    let last: number | undefined;
    for (const event of this.events) {
      if (event === 'missed') last = undefined;
      else {
        if (last !== undefined && event.n - event.count !== last) {
          throw new Error(`news of message ${event.n} follow those of message ${last}`);
        }
        last = event.n;
      }
    }
  }
}
