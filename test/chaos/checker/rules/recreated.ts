import type { ChangeOutcome, Fault, LifeEvent, RoomLives } from '../../history/history.js';
import { lifeOf } from '../../recreated/life-content.js';
import type { Rule, Violation } from '../rule.js';

type Change = Extract<LifeEvent, { outcome: ChangeOutcome }>;

export const recreated: Rule = {
  name: 'recreated',
  promise: 'a room that is deleted and recreated has nothing of its earlier life: no messages, no members',
  *check({ history }) {
    for (const lives of history.lives) {
      yield* changes(lives);
      yield* sights(lives);
      yield* end(lives, history.faults);
    }
  },
};

/** A change that succeeded has happened, and a refused one has not. */
function* changes({ roomId, events }: RoomLives): Iterable<Violation> {
  let before: string | undefined;
  let change: Change | undefined;
  for (const event of events) {
    if (event.type === 'create' || event.type === 'rename' || event.type === 'delete') change = event;
    if (event.type !== 'looked') continue;
    const { name } = event;
    if (change !== undefined && !namesAfter(change, before).includes(name)) {
      yield {
        what: `room ${roomId}: to ${change.type} it was answered with "${change.outcome}", and it ${name === undefined ? 'does not exist' : `is called ${name}`}`,
        facts: { change, looked: event, before },
      };
    }
    before = name;
  }
}

/** Returns the possible names of a room after a change; undefined without a room. */
function namesAfter(change: Change, before: string | undefined): ReadonlyArray<string | undefined> {
  const after = change.type === 'delete' ? undefined : change.name;
  if (change.outcome === 'unknown') return [before, after];
  return [change.outcome === 'done' ? after : before];
}

function* sights({ roomId, events }: RoomLives): Iterable<Violation> {
  for (const event of events) {
    if (event.type === 'not-told') {
      yield {
        what: `room ${roomId}: a member on ${event.by} was never told that life ${event.enteredIn} is over`,
        facts: event,
      };
    } else if (event.type === 'name-not-told') {
      yield {
        what: `room ${roomId}: a member on ${event.by} was never told that its name is ${event.name}`,
        facts: event,
      };
    } else if (event.type === 'seen' && event.life !== event.enteredIn) {
      yield {
        what: `room ${roomId}: a member on ${event.by} that entered life ${event.enteredIn} received a message of life ${event.life}`,
        facts: event,
      };
    }
  }
}

function* end(
  { roomId, events, life, exists, gateways, messages }: RoomLives,
  faults: readonly Fault[],
): Iterable<Violation> {
  for (const [gateway, answer] of Object.entries(gateways)) {
    if (answer === (exists ? 'room-joined' : 'room_not_found')) continue;
    yield {
      what: `room ${roomId} ${exists ? 'exists' : 'does not exist'}, and ${gateway} answers ${answer} to a join`,
      facts: { gateways },
    };
  }
  for (const content of messages) {
    if (lifeOf(content) === life) continue;
    yield {
      what: `room ${roomId}: its history in life ${life} has a message of life ${lifeOf(content)}`,
      facts: { messages },
    };
  }
  for (const event of events) {
    if (event.type !== 'sent' || !event.acked || !exists || event.life !== life) continue;
    const copies = messages.filter((content) => content === event.content).length;
    const forgotten = faults.some(({ loss }) => loss && loss.since < event.at && event.at < loss.until);
    if (copies === 1 || (copies === 0 && forgotten)) continue;
    yield {
      what: `room ${roomId}: its history does not have what was acknowledged in life ${life} once`,
      facts: { event, messages },
    };
  }
}
