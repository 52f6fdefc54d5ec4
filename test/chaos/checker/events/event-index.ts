import type { Delivery, EventsSeen, PulledEvent, ReceivedEvent } from '../../history/events.js';
import { append } from './append.js';
import { type ExpectedEvent, expectedEvents, isWitnessed, saying, strandOf } from './expected-events.js';

/** Events that have an order among each other. */
export interface Strand {
  readonly name: string;
  readonly expected: readonly ExpectedEvent[];
  /** As read from the log, each id once. */
  readonly found: readonly ReceivedEvent[];
  /** Whether the order is guaranteed. */
  readonly isOrdered: boolean;
}

export interface EventIndex {
  readonly strands: readonly Strand[];
  /** The events of the log, by id. */
  readonly log: ReadonlyMap<string, ReceivedEvent>;
  /** The change that each event is about, by the id of the event. */
  readonly changes: ReadonlyMap<string, ExpectedEvent>;
  /** Deliveries that the endpoint processed first, each id once, in the order of their arrival. */
  readonly firsts: readonly Delivery[];
}

/** Sorts what programs received, and assigns each event to the change that it is about. */
export function indexEvents({ pulled, deliveries, changes }: EventsSeen): EventIndex {
  const log = new Map<string, ReceivedEvent>();
  for (const { event } of pulled) if (!log.has(event.id)) log.set(event.id, event);
  const expected = expectedEvents(changes);
  const found = new Map<string, ReceivedEvent[]>();
  for (const event of log.values()) {
    if (!isWitnessed(event)) continue;
    append(found, strandOf(event), event);
  }
  const strands = [...new Set([...expected.keys(), ...found.keys()])].map((name) => ({
    ...{ name, expected: expected.get(name) ?? [], found: found.get(name) ?? [] },
    isOrdered: name !== 'no room',
  }));
  const assigned = new Map<string, ExpectedEvent>();
  for (const strand of strands) assign(strand, assigned);
  const firsts = new Map<string, Delivery>();
  for (const delivery of deliveries) {
    const { event, answer } = delivery;
    if (answer !== 'refused' && !firsts.has(event.id)) firsts.set(event.id, delivery);
  }
  return { strands, log, changes: assigned, firsts: [...firsts.values()] };
}

/** Everything that a program received: from the log, and as the endpoint of a webhook. */
export function receipts({ pulled, deliveries }: EventsSeen): ReadonlyArray<PulledEvent & { by: string }> {
  return [
    ...pulled.map(({ at, event }) => ({ at, event, by: 'the reader of the log' })),
    ...deliveries.map(({ at, event }) => ({ at, event, by: 'the webhook' })),
  ];
}

/** The nth event that says something is about the nth change that it can be about. */
function assign({ expected, found }: Strand, assigned: Map<string, ExpectedEvent>): void {
  const open = new Map<string, ExpectedEvent[]>();
  for (const each of expected) append(open, each.says, each);
  for (const event of found) {
    const change = open.get(saying(event))?.shift();
    if (change !== undefined) assigned.set(event.id, change);
  }
}
