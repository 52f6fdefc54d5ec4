import type { History } from '../history/history.js';
import { type HistoryIndex, wasAcked } from '../history/index-history.js';
import { sendingOf } from '../history/message-name.js';
import { conversationFigures } from './conversation-figures.js';
import { type EventFigures, eventFigures } from './event-figures.js';
import { failoverTimes } from './failover.js';
import { healingTimes } from './healing.js';
import { type Resume, resumesOf } from './resumes.js';
import { type Spread, spread } from './spread.js';

/** Figures of a run. Times in milliseconds. */
export interface Figures {
  messages: { sent: number; acked: number; refused: number; unanswered: number; sentAgain: number };
  delivered: number;
  paged: number;
  connects: number;
  reconnects: number;
  mostReconnectsOfOne: number;
  /** In the busiest second. */
  mostReconnectsPerSecond: number;
  /** Failed attempts to connect, by HTTP status or error. */
  refusedConnections: Readonly<Record<string, number>>;
  resumes: { recovered: number; notRecovered: number; missed: number };
  /** Changes of rooms, by request and result: `create done`. */
  roomChanges: Readonly<Record<string, number>>;
  latency: Spread;
  /** From the loss of a connection to the next one. */
  offline: Spread;
  /** From a join with a position to the last missed message. */
  replay: Spread;
  /** Of rooms whose members and messages change, as text by name. */
  conversations: Readonly<Record<string, string>>;
  /** Of programs that read events; undefined without any. */
  events: EventFigures | undefined;
  /** From the return of Redis to the first message that every member of a room received, by room. */
  healing: Spread;
  /** From the first Sentinel that named a new primary to the first ack after it, by room. */
  failover: Spread;
  /** Messages that Redis lost before the database had them. */
  lost: { messages: number; acked: number };
}

/** When each message was first sent, by its id. */
export function firstSentAt({ rooms, sendings }: HistoryIndex): Map<string, number> {
  const times = new Map<string, number>();
  for (const { messages } of rooms.values()) {
    for (const message of messages) {
      const sending = sendings.get(sendingOf(message));
      if (sending !== undefined) times.set(message.id, sending.firstAt);
    }
  }
  return times;
}

export function figuresOf(index: HistoryIndex): Figures {
  const { history } = index;
  const sendings = [...index.sendings.values()];
  const acked = sendings.filter(({ acks, told }) => acks.length > 0 || told).length;
  const refused = sendings.filter(({ failed }) => failed !== undefined).length;
  const resumes = history.clients.flatMap((client) => resumesOf(client));
  const lost = [...index.rooms.values()].flatMap((room) => room.lost);
  const events = history.clients.flatMap(({ events }) => events);
  const count = (type: string): number => events.filter((event) => event.type === type).length;
  const perClient = history.clients.map(
    ({ events }) => events.filter(({ type }) => type === 'connected').length,
  );
  const connects = count('connected');
  const recovered = resumes.filter((resume) => resume.recovered).length;
  return {
    messages: {
      sent: sendings.length,
      acked,
      refused,
      unanswered: sendings.length - acked - refused,
      sentAgain: sendings.reduce((sum, { attempts }) => sum + attempts - 1, 0),
    },
    delivered: count('message'),
    paged: events.reduce((sum, event) => sum + (event.type === 'paged' ? event.messages.length : 0), 0),
    connects,
    reconnects: connects - history.clients.length,
    mostReconnectsOfOne: Math.max(0, ...perClient.map((connects) => connects - 1)),
    mostReconnectsPerSecond: busiestSecond(history),
    refusedConnections: refusals(history),
    resumes: {
      recovered,
      notRecovered: resumes.length - recovered,
      missed: resumes.reduce((sum, { missed }) => sum + missed, 0),
    },
    roomChanges: roomChanges(history),
    conversations: conversationFigures(history),
    events: eventFigures(history.events),
    latency: spread(latencies(history, firstSentAt(index))),
    offline: spread(offlineTimes(resumes)),
    replay: spread(resumes.flatMap(({ replayMs }) => replayMs ?? [])),
    healing: spread(healingTimes(index)),
    failover: spread(failoverTimes(history)),
    lost: {
      messages: lost.length,
      acked: lost.filter(wasAcked).length,
    },
  };
}

function refusals({ clients }: History): Record<string, number> {
  const reasons: Record<string, number> = {};
  for (const { events } of clients) {
    for (const event of events) {
      if (event.type !== 'refused-connection') continue;
      const reason = event.status === 0 ? event.error : `status ${event.status}`;
      reasons[reason] = (reasons[reason] ?? 0) + 1;
    }
  }
  return reasons;
}

function roomChanges({ lives }: History): Record<string, number> {
  const changes: Record<string, number> = {};
  for (const event of lives.flatMap(({ events }) => events)) {
    if (!('outcome' in event)) continue;
    const change = `${event.type} ${event.outcome}`;
    changes[change] = (changes[change] ?? 0) + 1;
  }
  return changes;
}

function busiestSecond({ clients }: History): number {
  const seconds = new Map<number, number>();
  for (const { events } of clients) {
    for (const { at } of events.filter(({ type }) => type === 'connected').slice(1)) {
      const second = Math.floor(at / 1_000);
      seconds.set(second, (seconds.get(second) ?? 0) + 1);
    }
  }
  return Math.max(0, ...seconds.values());
}

/** From the first attempt to each delivery. */
function latencies(history: History, sentAt: ReadonlyMap<string, number>): number[] {
  const values: number[] = [];
  for (const { events } of history.clients) {
    for (const event of events) {
      if (event.type !== 'message') continue;
      const sent = sentAt.get(event.message.id);
      if (sent !== undefined) values.push(event.at - sent);
    }
  }
  return values;
}

/** One per connection, not one per room. */
function offlineTimes(resumes: readonly Resume[]): number[] {
  const connections = new Map(resumes.map((resume) => [`${resume.userId}/${resume.connectedAt}`, resume]));
  return [...connections.values()].map(({ connectedAt, lostAt }) => connectedAt - lostAt);
}
