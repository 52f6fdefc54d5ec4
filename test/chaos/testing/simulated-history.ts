import type { MessageFrame, Position } from '@chorus/protocol';
import { createPrng, type Prng } from '@chorus/testing';
import type { Fault, History, HistoryEvent, Promises, RoomEnd, StoredMessage } from '../history/history.js';

/** A history that tests can change, to plant a violation. */
export interface DraftHistory extends History {
  readonly clients: DraftClient[];
  readonly rooms: DraftRoom[];
  readonly faults: Fault[];
  endedAt: number;
}

export interface DraftClient {
  userId: number;
  username: string;
  roomIds: number[];
  stays: boolean;
  plain: boolean;
  events: HistoryEvent[];
  seen: MessageFrame[];
  sent: Array<{ roomId: number; clientMsgId: string; position: Position }>;
  gaps: number[];
}

export interface DraftRoom extends RoomEnd {
  readonly archive: StoredMessage[];
  readonly pages: StoredMessage[];
  readonly present: number[];
}

export interface Size {
  clients: number;
  rooms: number;
  messages: number;
  seed?: number;
}

export const PROMISES: Promises = { historySize: 50, leaseMs: 2_000, graceMs: 1_500, waitReplicas: 0 };
const STEP_MS = 10;

interface SimulatedRoom {
  roomId: number;
  epoch: number;
  seq: number;
  messages: MessageFrame[];
}

interface SimulatedClient extends DraftClient {
  away: boolean;
  backAt: number;
  positions: Map<number, Position>;
  said: number;
}

/** Events of clients of a cluster without faults: they chat, leave, return and retry. */
export function simulate({ clients, rooms, messages, seed = 1 }: Size): DraftHistory {
  const prng = createPrng(seed);
  const simulation = new Simulation(prng, clients, rooms);
  for (let index = 0; index < messages; index++) {
    if (index === Math.floor(messages / 2)) simulation.middle();
    simulation.step();
  }
  return simulation.end();
}

class Simulation {
  #now = 1_000;
  readonly #rooms: SimulatedRoom[];
  readonly #clients: SimulatedClient[];

  constructor(
    private readonly prng: Prng,
    clients: number,
    rooms: number,
  ) {
    this.#rooms = Array.from({ length: rooms }, (_, index) => ({
      ...{ roomId: index + 1, epoch: 1_000, seq: 0, messages: [] },
    }));
    this.#clients = Array.from({ length: clients }, (_, index) => ({
      userId: index + 1,
      username: `user-${index + 1}`,
      roomIds: this.#roomsOf(index),
      stays: true,
      plain: false,
      ...{ events: [], seen: [], sent: [], gaps: [] },
      away: true,
      // The last but one connects late.
      backAt: index === clients - 2 ? Number.POSITIVE_INFINITY : 0,
      positions: new Map(),
      said: 0,
    }));
    for (const client of this.#clients) if (client.backAt === 0) this.#connect(client);
  }

  /** One client connects for the first time, another leaves for good. */
  middle(): void {
    const [early, late] = this.#clients.slice(-3, -1) as [SimulatedClient, SimulatedClient];
    this.#connect(late);
    if (early.away) {
      this.#now = Math.max(this.#now, early.backAt);
      this.#connect(early);
    }
    early.stays = false;
    this.#goAway(early, Number.POSITIVE_INFINITY);
  }

  step(): void {
    this.#now += STEP_MS;
    const client = this.prng.pick(this.#clients);
    if (!client.away) this.#say(client, this.prng.pick(client.roomIds));
    if (this.prng.next() < 0.02) this.#begin(this.prng.pick(this.#rooms));
    if (this.prng.next() < 0.05) this.#goAway(this.prng.pick(this.#clients));
    for (const each of this.#clients) if (each.away && each.backAt <= this.#now) this.#connect(each);
  }

  end(): DraftHistory {
    const away = this.#clients.filter((client) => client.away && client.stays);
    for (const client of away.sort((a, b) => a.backAt - b.backAt)) {
      this.#now = Math.max(this.#now, client.backAt);
      this.#connect(client);
    }
    const leaver = this.#clients.at(-1) as SimulatedClient;
    leaver.stays = false;
    this.#now += 1_000;
    this.#goAway(leaver, Number.POSITIVE_INFINITY);
    this.#now += 10_000;
    return {
      promises: PROMISES,
      clients: this.#clients,
      rooms: this.#rooms.map((room) => ({
        roomId: room.roomId,
        archive: room.messages.map((message) => ({ ...message })),
        pages: room.messages.map((message) => ({ ...message })),
        present: this.#members(room.roomId).map(({ userId }) => userId),
      })),
      lives: [],
      conversations: [],
      faults: [],
      endedAt: this.#now,
    };
  }

  #roomsOf(index: number): number[] {
    const first = index % this.#rooms.length;
    const second = (index * 7 + 3) % this.#rooms.length;
    return [...new Set([first, second])].map((at) => at + 1);
  }

  #members(roomId: number): SimulatedClient[] {
    return this.#clients.filter(({ away, roomIds }) => !away && roomIds.includes(roomId));
  }

  /** Redis was restarted: messages stay, and numbering continues in a new epoch. */
  #begin(room: SimulatedRoom): void {
    room.epoch += 1_000;
    room.seq = 0;
  }

  #say(client: SimulatedClient, roomId: number): void {
    const room = this.#rooms[roomId - 1] as SimulatedRoom;
    const clientMsgId = `m${++client.said}`;
    const content = `${client.username} says ${clientMsgId}`;
    const publish = { type: 'publish', at: this.#now, roomId, clientMsgId, content } as const;
    client.events.push({ ...publish, attempt: 1 });
    const { userId, username } = client;
    const position = { epoch: room.epoch, seq: ++room.seq };
    const id = `id-${roomId}-${room.messages.length}`;
    const message: MessageFrame = {
      ...{ type: 'message', ...position, id, content, roomId, username, userId },
      ...{ sentAt: this.#now, clientMsgId },
    };
    room.messages.push(message);
    for (const member of this.#members(roomId)) this.#receive(member, message);
    const ack = { type: 'ack', at: this.#now, roomId, clientMsgId, position } as const;
    client.sent.push({ roomId, clientMsgId, position });
    // Sometimes the answer is lost and the message sent again; sometimes it is the connection's last.
    const luck = this.prng.next();
    if (luck < 0.1) client.events.push({ ...publish, attempt: 2 }, ack, ack);
    else client.events.push(ack);
  }

  #receive(member: SimulatedClient, message: MessageFrame): void {
    member.events.push({ type: 'message', at: this.#now + 1, message });
    member.seen.push(message);
    member.positions.set(message.roomId, message);
  }

  #goAway(client: SimulatedClient, forMs = this.#absenceMs()): void {
    if (client.away) return;
    client.away = true;
    client.backAt = this.#now + forMs;
    client.events.push({ type: 'disconnected', at: this.#now, code: 1006 });
    if (forMs < PROMISES.graceMs) return;
    // The others are notified when the grace period is over; until then nothing else happens to them.
    for (const roomId of client.roomIds) {
      for (const member of this.#members(roomId)) {
        member.events.push({
          ...{ type: 'notice', kind: 'left', at: this.#now, roomId, userId: client.userId },
        });
      }
    }
  }

  /** Within the grace period in half of the cases, and sometimes longer than the history reaches back. */
  #absenceMs(): number {
    return this.prng.next() < 0.5 ? this.prng.between(100, 700) : this.prng.between(1_600, 15_000);
  }

  #connect(client: SimulatedClient): void {
    client.away = false;
    client.events.push({ type: 'connected', at: this.#now, connectionId: `gateway-1-x-${this.#now}` });
    for (const roomId of client.roomIds) {
      const room = this.#rooms[roomId - 1] as SimulatedRoom;
      const since = client.positions.get(roomId);
      const position = room.messages.at(-1) ?? { epoch: room.epoch, seq: 0 };
      const at = this.#now;
      const seen = room.messages.findIndex(({ epoch, seq }) => epoch === since?.epoch && seq === since?.seq);
      const missed = room.messages.slice(seen + 1);
      const recovered = since !== undefined && missed.length < PROMISES.historySize;
      client.events.push({ type: 'joining', at, roomId, since });
      client.events.push({ type: 'joined', at, roomId, since, position, recovered });
      if (recovered) for (const message of missed) this.#receive(client, message);
      else client.positions.set(roomId, position);
      if (since === undefined || recovered) continue;
      client.events.push({
        ...{ type: 'paged', at, roomId, after: since, messages: missed },
      });
      client.seen.push(...missed);
    }
  }
}
