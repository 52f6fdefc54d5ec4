import type { MessageFrame } from '@chorus/protocol';
import { check } from '../checker/checker.js';
import type { HistoryEvent, StoredMessage } from '../history/history.js';
import { type DraftClient, type DraftHistory, type DraftRoom, simulate } from './simulated-history.js';

export type EventOf<Type extends HistoryEvent['type']> = Extract<HistoryEvent, { type: Type }>;

/** Index of the first such event of a client. */
export function indexOf<Type extends HistoryEvent['type']>(
  { events }: DraftClient,
  type: Type,
  fits: (event: EventOf<Type>) => boolean = () => true,
): number {
  const index = events.findIndex((event) => event.type === type && fits(event as EventOf<Type>));
  if (index < 0) throw new Error(`the history has no such ${type}`);
  return index;
}

export function eventAt<Type extends HistoryEvent['type']>(
  client: DraftClient,
  index: number,
): EventOf<Type> {
  return client.events[index] as EventOf<Type>;
}

/** A history without a violation, and changes that tests make to it. */
export class SpoilableHistory {
  readonly #draft: DraftHistory;

  constructor(size: Parameters<typeof simulate>[0] = { clients: 12, rooms: 3, messages: 400 }) {
    this.#draft = simulate(size);
  }

  get clients(): DraftClient[] {
    return this.#draft.clients;
  }

  get rooms(): DraftRoom[] {
    return this.#draft.rooms;
  }

  get endedAt(): number {
    return this.#draft.endedAt;
  }

  verdicts(): ReturnType<typeof check> {
    return check(this.#draft);
  }

  /** Names of the rules that are broken. */
  broken(): string[] {
    return this.verdicts()
      .filter(({ violations }) => violations > 0)
      .map(({ rule }) => rule);
  }

  client(index: number): DraftClient {
    return this.clients[index] as DraftClient;
  }

  leaver(): DraftClient {
    return this.clients.at(-1) as DraftClient;
  }

  /** A client that was out of a room and recovered the messages sent meanwhile. */
  returned(): DraftClient {
    const found = this.clients.find(({ events }) =>
      events.some((event, at) => {
        const next = events[at + 1];
        return event.type === 'joined' && event.recovered && next?.type === 'message';
      }),
    );
    if (found === undefined) throw new Error('no client came back');
    return found;
  }

  room(roomId: number): DraftRoom {
    return this.rooms[roomId - 1] as DraftRoom;
  }

  /** Index of another user's message that the client received, in the middle of its history. */
  receivedAt(member: DraftClient): number {
    const all = member.events.flatMap((event, index) =>
      event.type === 'message' && event.message.userId !== member.userId ? [index] : [],
    );
    return all[Math.floor(all.length / 2)] as number;
  }

  /** Changes a message that one client received. */
  forge(member: DraftClient, index: number, change: Partial<MessageFrame>): void {
    const event = eventAt<'message'>(member, index);
    member.events[index] = { ...event, message: { ...event.message, ...change } };
  }

  /** Removes a message from the events of all clients and from the database. */
  erase({ id }: StoredMessage): void {
    for (const member of this.clients) {
      member.events = member.events
        .filter((event) => event.type !== 'message' || event.message.id !== id)
        .map((event) =>
          event.type === 'paged'
            ? { ...event, messages: event.messages.filter((message) => message.id !== id) }
            : event,
        );
      member.seen = member.seen.filter((message) => message.id !== id);
    }
    for (const { archive, pages } of this.rooms) {
      for (const list of [archive, pages]) {
        const at = list.findIndex((message) => message.id === id);
        if (at >= 0) list.splice(at, 1);
      }
    }
  }
}
