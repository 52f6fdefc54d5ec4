import { lifeOf } from '../anew/life-content.js';
import type { LifeEvent, RoomLives } from '../history.js';
import type { Rule, Violation } from '../rule.js';

export const anew: Rule = {
  name: 'anew',
  promise: 'a room that is deleted and created again has nothing of its life before: no messages, no members',
  *check({ history }) {
    for (const lives of history.lives) {
      yield* changes(lives);
      yield* sights(lives);
      yield* end(lives);
    }
  },
};

/** What was answered to a change is so, and what was refused did not happen. */
function* changes({ roomId, events }: RoomLives): Iterable<Violation> {
  let exists = false;
  let change: Extract<LifeEvent, { type: 'create' | 'delete' }> | undefined;
  for (const event of events) {
    if (event.type === 'create' || event.type === 'delete') change = event;
    if (event.type !== 'looked') continue;
    let wanted: boolean | undefined;
    if (change?.outcome === 'done') wanted = change.type === 'create';
    else if (change?.outcome === 'refused') wanted = exists;
    if (wanted !== undefined && wanted !== event.exists) {
      yield {
        what: `room ${roomId}: to ${change?.type} it was answered with "${change?.outcome}", and it ${event.exists ? 'exists' : 'does not exist'}`,
        facts: { change, looked: event, existed: exists },
      };
    }
    exists = event.exists;
  }
}

function* sights({ roomId, events }: RoomLives): Iterable<Violation> {
  for (const event of events) {
    if (event.type === 'not-told') {
      yield {
        what: `room ${roomId}: a member on ${event.by} was never told that life ${event.enteredIn} is over`,
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

function* end({ roomId, events, life, exists, gateways, messages }: RoomLives): Iterable<Violation> {
  for (const [gateway, answer] of Object.entries(gateways)) {
    if (answer === (exists ? 'room-joined' : 'unknown_room')) continue;
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
    if (messages.filter((content) => content === event.content).length === 1) continue;
    yield {
      what: `room ${roomId}: its history does not have what was acknowledged in life ${life} once`,
      facts: { event, messages },
    };
  }
}
