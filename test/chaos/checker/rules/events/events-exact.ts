import type { ReceivedEvent } from '../../../history/events.js';
import { indexEvents, type Strand } from '../../events/event-index.js';
import { saying } from '../../events/expected-events.js';
import type { Rule, Violation } from '../../rule.js';

export const eventsExact: Rule = {
  name: 'events-exact',
  promise:
    'each change that the database committed is one event, in the order of its room, and there is no other event',
  *check({ history }) {
    if (history.events === undefined) return;
    const { strands, changes } = indexEvents(history.events);
    for (const strand of strands) {
      const differences = [...missing(strand, changes), ...invented(strand, changes)];
      yield* differences.length > 0 ? differences : disorder(strand);
    }
  },
};

function* missing({ name, expected }: Strand, changes: ReadonlyMap<string, object>): Iterable<Violation> {
  const found = new Set(changes.values());
  for (const each of expected) {
    if (!found.has(each)) yield { what: `${name}: no event says ${each.says}`, facts: each.change };
  }
}

function* invented({ name, found }: Strand, changes: ReadonlyMap<string, object>): Iterable<Violation> {
  for (const event of found) {
    if (changes.has(event.id)) continue;
    yield {
      what: `${name}: ${event.id} says ${saying(event)}, which did not happen once more`,
      facts: event,
    };
  }
}

function* disorder({ name, expected, found, isOrdered }: Strand): Iterable<Violation> {
  if (!isOrdered) return;
  const at = found.findIndex((event: ReceivedEvent, index) => saying(event) !== expected[index]?.says);
  const [event, due] = [found[at], expected[at]];
  if (event === undefined) return;
  yield {
    what: `${name}: ${event.id} says ${saying(event)}, before which ${due?.says} happened`,
    facts: { event, due },
  };
}
