import { formatPosition, isAfter } from '@chorus/protocol';
import type { Rule } from '../rule.js';

export const recovered: Rule = {
  name: 'recovered',
  promise:
    'nobody was told "not recovered" although the recent history reached back far enough and nothing of it was lost',
  *check(index) {
    const { faults, promises } = index.history;
    const { historySize } = promises;
    for (const client of index.history.clients) {
      for (const event of client.events) {
        if (event.type !== 'joined' || event.recovered || event.since === undefined) continue;
        const { roomId, since, position } = event;
        if (position === undefined) continue;
        const missed = (index.rooms.get(roomId)?.messages ?? []).filter(
          (message) => isAfter(message, since) && !isAfter(message, position),
        );
        // The message at `since` has to be there as well, to tell that nothing before it is needed.
        if (missed.length >= historySize) continue;
        const lossy = faults.some(
          ({ loss, kind, startedAt }) =>
            (loss !== undefined && loss.since < event.at) ||
            (kind.startsWith('standalone-') && startedAt < event.at),
        );
        if (lossy && position.epoch > since.epoch) continue;
        yield {
          what: `room ${roomId}: ${client.username} was not recovered from ${formatPosition(since)} to ${formatPosition(position)}, ${missed.length} messages`,
          facts: { member: client.username, event, missed: missed.length, historySize },
        };
      }
    }
  },
};
