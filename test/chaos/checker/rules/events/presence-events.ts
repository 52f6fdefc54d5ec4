import type { ReceivedEvent } from '../../../history/events.js';
import { append } from '../../events/append.js';
import { indexEvents } from '../../events/event-index.js';
import type { Rule, Violation } from '../../rule.js';

/** Types of the beginning and of the end of what is present. */
const KINDS = [
  { begin: 'presence.joined', end: 'presence.left' },
  { begin: 'room.occupied', end: 'room.vacated' },
] as const;

export const presenceEvents: Rule = {
  name: 'presence-events',
  promise:
    'a user joins and leaves a room by turns, and a room is occupied and vacated by turns; the last events say who is there at the end',
  *check({ history }) {
    if (history.events === undefined) return;
    const { log } = indexEvents(history.events);
    for (const kind of KINDS) {
      const subjects = new Map<string, ReceivedEvent[]>();
      for (const event of log.values()) {
        if (event.type === kind.begin || event.type === kind.end) append(subjects, subjectOf(event), event);
      }
      for (const [subject, events] of subjects) yield* turns(subject, events);
      for (const { roomId, present } of history.rooms) {
        const there = new Set(
          kind.begin === 'room.occupied' ? (present.length > 0 ? [roomId] : []) : present,
        );
        for (const [subject, events] of subjects) {
          const last = events.at(-1);
          if (last === undefined || last.data.roomId !== roomId) continue;
          const id = kind.begin === 'room.occupied' ? roomId : last.data.user?.id;
          const isThere = id !== undefined && there.delete(id);
          if (isThere === (last.type === kind.begin)) continue;
          yield { what: `${subject}: the last event is ${last.type}, ${last.id}`, facts: { last, present } };
        }
        for (const id of there) {
          yield { what: `room ${roomId}: no ${kind.begin} of ${id}, who is there`, facts: { present } };
        }
      }
    }
  },
};

function subjectOf({ type, data }: ReceivedEvent): string {
  return type.startsWith('presence.')
    ? `user ${data.user?.id} in room ${data.roomId}`
    : `room ${data.roomId}`;
}

function* turns(subject: string, events: readonly ReceivedEvent[]): Iterable<Violation> {
  for (const [index, event] of events.entries()) {
    const before = events[index - 1];
    if (before?.type !== event.type) continue;
    yield {
      what: `${subject}: ${event.id} is ${event.type} again, behind ${before.id}`,
      facts: { before, event },
    };
  }
}
