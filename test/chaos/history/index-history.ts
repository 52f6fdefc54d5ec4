import { isAfter, type MessageFrame, type Position } from '@chorus/protocol';
import type { ClientHistory, History, RoomEnd, StoredMessage } from './history.js';
import { sendingKey, sendingOf } from './message-name.js';

/** A message that one client sent, and its result. */
export interface Sending {
  readonly client: ClientHistory;
  readonly roomId: number;
  readonly clientMsgId: string;
  readonly content: string;
  /** Of the first attempt by any of its user's clients. */
  firstAt: number;
  attempts: number;
  readonly acks: Array<{ at: number; position: Position }>;
  /** Whether it was reported to its application as sent. */
  told: boolean;
  /** Refused for good. */
  failed: string | undefined;
  /** Whether Redis may have lost it: it was on its way to Redis, or acknowledged, in the time of a loss. */
  forgettable: boolean;
  /** End of the last loss that may have taken it; 0 if there is none. */
  forgottenBy: number;
}

/** A part of a room's history that a client must know: after `from`, up to `to`. */
export interface Stretch {
  readonly from: Position;
  /** Undefined: up to the last message of all. */
  to: Position | undefined;
}

/** What a gateway sent after one `room-joined`, or the API in one page. */
export interface Stay {
  /** Position before its first message. */
  readonly after: Position;
  readonly received: readonly MessageFrame[];
}

/** One client's view of one room. */
export interface View {
  readonly client: ClientHistory;
  readonly roomId: number;
  /** In the order of their arrival. */
  readonly received: MessageFrame[];
  /** The received messages by the join that they followed. */
  readonly stays: Stay[];
  /** The messages passed to the application, in order. */
  readonly seen: MessageFrame[];
  /** Pages that its client read in the history. */
  readonly paged: Stay[];
  readonly stretches: Stretch[];
  /** Ids of all messages that it received or read. */
  readonly known: ReadonlySet<string>;
  /** Whether it is in the room at the end. */
  readonly isIn: boolean;
}

/** Everything that exists in one room, according to all observers. */
export interface RoomIndex {
  readonly roomId: number;
  readonly end: RoomEnd | undefined;
  readonly views: View[];
  /** Every message that a client saw or the database holds, once each, by position. */
  readonly messages: StoredMessage[];
  /** By the ids of messages. */
  readonly byId: ReadonlyMap<string, StoredMessage>;
  /** All sightings that differ in the meaning of an id or a position. */
  readonly sightings: ReadonlyArray<{ by: string; message: StoredMessage }>;
  /** Messages that Redis lost before they were in the database, seen by clients or not. By position. */
  readonly lost: readonly LostMessage[];
}

/** A message that was acknowledged or seen, and that is lost with Redis' own data. */
export interface LostMessage extends Position {
  readonly sending: Sending;
  /** Undefined when no client saw it. */
  readonly id: string | undefined;
}

export interface HistoryIndex {
  readonly history: History;
  readonly rooms: ReadonlyMap<number, RoomIndex>;
  readonly sendings: ReadonlyMap<string, Sending>;
}

/** Whether a sender got an ack with this position. */
export function wasAcked({ epoch, seq, sending }: LostMessage): boolean {
  return sending.acks.some(({ position }) => position.epoch === epoch && position.seq === seq);
}

const FIRST: Position = { epoch: 0, seq: 0 };

export function comparePositions(a: Position, b: Position): number {
  if (isAfter(a, b)) return 1;
  return isAfter(b, a) ? -1 : 0;
}

/** Sorts a history into rooms, views and sendings, so that rules are simple queries. */
export function indexHistory(history: History): HistoryIndex {
  const rooms = new Map<number, MutableRoom>();
  for (const end of history.rooms) rooms.set(end.roomId, newRoom(end.roomId, end));
  for (const client of history.clients) {
    for (const roomId of client.roomIds) {
      const room = rooms.get(roomId) ?? newRoom(roomId, undefined);
      rooms.set(roomId, room);
      room.views.push(viewOf(client, roomId));
    }
  }
  for (const room of rooms.values()) collect(room);
  const sendings = sendingsOf(history);
  if (history.faults.some(({ loss }) => loss !== undefined)) {
    for (const room of rooms.values()) room.lost.push(...lostIn(room, sendings));
  }
  return { history, rooms, sendings };
}

interface MutableRoom extends RoomIndex {
  readonly byId: Map<string, StoredMessage>;
  readonly sightings: Array<{ by: string; message: StoredMessage }>;
  readonly lost: LostMessage[];
}

function newRoom(roomId: number, end: RoomEnd | undefined): MutableRoom {
  return { roomId, end, views: [], messages: [], byId: new Map(), sightings: [], lost: [] };
}

/**
 * A message with equal sightings is one object for clients, and equal in the database; every other sighting is kept
 * apart. Clients first: comparing objects is fast.
 */
function collect(room: MutableRoom): void {
  const see = (by: string, message: StoredMessage): void => {
    const first = room.byId.get(message.id);
    if (first === message) return;
    if (first === undefined) room.byId.set(message.id, message);
    else if (same(first, message)) return;
    room.sightings.push({ by, message });
  };
  for (const { client, received, paged, seen } of room.views) {
    for (const message of received) see(client.username, message);
    const application = `${client.username} (the application)`;
    for (const message of seen) see(application, message);
    const api = `${client.username} (from the API)`;
    for (const page of paged) for (const message of page.received) see(api, message);
  }
  for (const message of room.end?.archive ?? []) see('the database', message);
  for (const message of room.end?.pages ?? []) see('the history of the API', message);
  room.messages.push(...[...room.byId.values()].sort(comparePositions));
}

/** Whether two sightings agree in everything that must not change. */
export function same(a: StoredMessage, b: StoredMessage): boolean {
  return (
    a.epoch === b.epoch &&
    a.seq === b.seq &&
    a.id === b.id &&
    a.roomId === b.roomId &&
    a.userId === b.userId &&
    a.username === b.username &&
    a.content === b.content &&
    a.clientMsgId === b.clientMsgId
  );
}

function viewOf(client: ClientHistory, roomId: number): View {
  const received: MessageFrame[] = [];
  let stay: MessageFrame[] = [];
  const stays: Stay[] = [{ after: FIRST, received: stay }];
  const seen = client.seen.filter((message) => message.roomId === roomId);
  const paged: Stay[] = [];
  const stretches: Stretch[] = [];
  const known = new Set<string>();
  let last: Position | undefined;
  let isIn = false;
  /** Whether it is in a room whose position it does not know. */
  let isUnplaced = false;
  const close = (): void => {
    const open = stretches.at(-1);
    if (open !== undefined && open.to === undefined) open.to = last ?? open.from;
  };
  for (const event of client.events) {
    switch (event.type) {
      case 'joined': {
        if (event.roomId !== roomId) break;
        const { since, position, recovered } = event;
        isIn = true;
        stay = [];
        stays.push({ after: (recovered && since) || position || FIRST, received: stay });
        // A plain client reads no history: only what it was given counts.
        if (since === undefined || (client.plain && !recovered)) {
          close();
          if (position !== undefined) stretches.push({ from: position, to: undefined });
        } else if (stretches.at(-1)?.to !== undefined) {
          // It was removed from the room and continues at its position.
          stretches.push({ from: since, to: undefined });
        }
        isUnplaced = position === undefined;
        // If it is not recovered it reads the missed messages up to here; otherwise they follow.
        if (!recovered && position !== undefined) last = position;
        break;
      }
      case 'message':
        if (event.message.roomId !== roomId) break;
        if (isUnplaced) {
          const { epoch, seq } = event.message;
          stretches.push({ from: { epoch, seq: seq - 1 }, to: undefined });
          isUnplaced = false;
        }
        received.push(event.message);
        stay.push(event.message);
        known.add(event.message.id);
        last = { epoch: event.message.epoch, seq: event.message.seq };
        break;
      case 'paged':
        if (event.roomId !== roomId) break;
        paged.push({ after: event.after, received: event.messages });
        for (const { id } of event.messages) known.add(id);
        break;
      case 'out-of-room':
        if (event.roomId !== roomId) break;
        isIn = false;
        close();
        break;
      case 'disconnected':
        isIn = false;
        break;
    }
  }
  // A client that has left must know the messages before the last that it received.
  if (!isIn) close();
  return { client, roomId, received, stays, seen, paged, stretches, known, isIn };
}

/** Messages that Redis may have lost and the database lacks. */
function lostIn(room: RoomIndex, sendings: ReadonlyMap<string, Sending>): LostMessage[] {
  const archived = new Set(room.end?.archive.map(({ id }) => id));
  const lost: LostMessage[] = [];
  const seen = new Set<Sending>();
  for (const message of room.messages) {
    const { epoch, seq, id } = message;
    const sending = sendings.get(sendingOf(message));
    if (sending === undefined) continue;
    seen.add(sending);
    if (sending.forgettable && !archived.has(id)) lost.push({ epoch, seq, id, sending });
  }
  for (const sending of sendings.values()) {
    const [ack] = sending.acks;
    if (sending.roomId !== room.roomId || ack === undefined || seen.has(sending)) continue;
    if (sending.forgettable) lost.push({ ...ack.position, id: undefined, sending });
  }
  return lost.sort(comparePositions);
}

/** Ends of the losses in which Redis may have lost the message. */
function lossesOf({ firstAt, acks }: Sending, { faults }: History): number[] {
  const ackedAt = Math.min(...acks.map(({ at }) => at));
  return faults.flatMap(({ loss }) =>
    loss !== undefined && firstAt < loss.until && ackedAt > loss.since ? [loss.until] : [],
  );
}

function sendingsOf(history: History): Map<string, Sending> {
  const sendings = new Map<string, Sending>();
  for (const client of history.clients) {
    for (const event of client.events) {
      if (event.type !== 'publish' && event.type !== 'ack' && event.type !== 'refused') continue;
      const { roomId, clientMsgId } = event;
      const key = sendingKey(client.userId, roomId, clientMsgId);
      const sending = sendings.get(key);
      if (event.type === 'publish') {
        if (sending !== undefined) {
          sending.attempts++;
          sending.firstAt = Math.min(sending.firstAt, event.at);
        } else {
          const { content, at: firstAt } = event;
          const fresh = { client, roomId, clientMsgId, content, firstAt, attempts: 1, acks: [], told: false };
          sendings.set(key, { ...fresh, failed: undefined, forgettable: false, forgottenBy: 0 });
        }
      } else if (event.type === 'ack') {
        sending?.acks.push({ at: event.at, position: event.position });
      } else if (!event.retry && sending !== undefined) {
        sending.failed = event.code;
      }
    }
    for (const { roomId, clientMsgId } of client.sent) {
      const sending = sendings.get(sendingKey(client.userId, roomId, clientMsgId));
      if (sending !== undefined) sending.told = true;
    }
  }
  for (const sending of sendings.values()) {
    const losses = lossesOf(sending, history);
    sending.forgettable = losses.length > 0;
    sending.forgottenBy = Math.max(0, ...losses);
  }
  return sendings;
}
