import type { Rule } from '../../rule.js';

export const eventsPulled: Rule = {
  name: 'events-pulled',
  promise:
    'a program that reads the log by its positions gets each event once, in ascending order, and misses none',
  *check({ history }) {
    let last = 0;
    for (const { event } of history.events?.pulled ?? []) {
      const position = Number(event.id.replace('evt_', ''));
      if (position !== last + 1) {
        yield { what: `the log has ${event.id} behind evt_${last}`, facts: event };
      }
      last = Math.max(last, position);
    }
  },
};
