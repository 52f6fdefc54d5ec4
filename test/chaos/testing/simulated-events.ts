import { createPrng, type Prng } from '@chorus/testing';
import { RULES } from '../checker/checker.js';
import type { CommittedChange, Delivery, PulledEvent, ReceivedEvent } from '../history/events.js';
import type { RoomEnd } from '../history/history.js';
import { indexHistory } from '../history/index-history.js';
import { PROMISES } from './simulated-history.js';

/** What programs received, for tests to change. */
export interface DraftEvents {
  readonly pulled: PulledEvent[];
  readonly deliveries: Delivery[];
  readonly changes: CommittedChange[];
}

const ROOMS = 3;
const STEP_MS = 10;
/** Share of the deliveries that fail at first, or are repeated. */
const REFUSED = 0.1;
const REPEATED = 0.1;

/** Events without a violation, of messages and members that change in a few rooms. */
export function simulateEvents(count = 400, seed = 1): DraftEvents {
  const prng = createPrng(seed);
  const draft: DraftEvents = { pulled: [], deliveries: [], changes: [] };
  const rooms = Array.from({ length: ROOMS }, (_, index) => new Room(index + 1, prng));
  let now = 1_000_000;
  const happen = ({ change, event }: Happening): void => {
    now += STEP_MS;
    draft.changes.push({ ...NOTHING, ...change, committedAt: now });
    if (event === undefined) return;
    const id = `evt_${draft.pulled.length + 1}`;
    const timestamp = new Date(now).toISOString();
    const received: ReceivedEvent = { id, timestamp, ...event };
    draft.pulled.push({ at: now + prng.between(5, 300), event: received });
    deliver(draft, received, now + prng.between(5, 300), prng);
  };
  happen({ change: { what: 'user.created', userId: 1 }, event: { type: 'user.created', data: userOf(1) } });
  for (const { roomId } of rooms) {
    happen({ change: { what: 'room.created', roomId }, event: { type: 'room.created', data: { roomId } } });
  }
  for (let step = 0; step < count; step++) happen(prng.pick(rooms).next());
  return draft;
}

/** Returns the violations that one rule finds. */
export function violationsOf(name: string, events: DraftEvents, rooms: readonly RoomEnd[] = []): string[] {
  const rule = RULES.find((each) => each.name === name);
  if (rule === undefined) throw new Error(`there is no rule ${name}`);
  const nothing = { clients: [], lives: [], conversations: [], faults: [], endedAt: 0 };
  const index = indexHistory({ promises: PROMISES, ...nothing, rooms, events });
  return [...rule.check(index)].map(({ what }) => what);
}

const NOTHING: CommittedChange = {
  ...{ what: '', roomId: undefined, entry: undefined, target: undefined, userId: undefined, role: undefined },
  committedAt: 0,
};

interface Happening {
  readonly change: Partial<CommittedChange>;
  /** Undefined for a change without an event. */
  readonly event: Pick<ReceivedEvent, 'type' | 'data'> | undefined;
}

class Room {
  #seq = 0;
  readonly #deleted = new Set<number>();
  readonly #messages: number[] = [];
  readonly #members = new Set<number>();

  constructor(
    readonly roomId: number,
    private readonly prng: Prng,
  ) {}

  next(): Happening {
    const luck = this.prng.next();
    if (luck < 0.2) return this.#member();
    const { roomId } = this;
    const entry = { epoch: 7, seq: ++this.#seq };
    const about = (seq: number) => ({ roomId, ...userOf(1), epoch: 7, seq, message: {} });
    if (luck < 0.7 || this.#messages.length === 0) {
      this.#messages.push(entry.seq);
      const data = about(entry.seq);
      return { change: { what: 'message', roomId, entry }, event: { type: 'message.created', data } };
    }
    const seq = this.prng.pick(this.#messages);
    const what = this.prng.pick(['edited', 'reacted', 'deleted']);
    const change = { what, roomId, entry, target: { epoch: 7, seq } };
    // A change of a deleted message changes nothing.
    if (this.#deleted.has(seq)) return { change, event: undefined };
    if (what === 'deleted') {
      this.#deleted.add(seq);
      return { change, event: { type: 'message.deleted', data: about(seq) } };
    }
    return { change, event: { type: 'message.changed', data: { ...about(seq), change: what } } };
  }

  #member(): Happening {
    const userId = this.prng.between(2, 5);
    const [role, type] = this.#members.has(userId)
      ? [undefined, 'member.removed']
      : ['member', 'member.added'];
    if (role === undefined) this.#members.delete(userId);
    else this.#members.add(userId);
    const { roomId } = this;
    const change = { what: type, roomId, userId, role };
    return { change, event: { type, data: { roomId, ...userOf(userId), role } } };
  }
}

function userOf(id: number) {
  return { user: { id } };
}

function deliver(draft: DraftEvents, event: ReceivedEvent, at: number, prng: Prng): void {
  const answers: Array<Delivery['answer']> = ['accepted'];
  if (prng.next() < REFUSED) answers.unshift('refused');
  if (prng.next() < REPEATED) answers.unshift('lost');
  for (const answer of answers) draft.deliveries.push({ at, event, signed: true, answer });
}
