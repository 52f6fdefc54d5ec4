import { setTimeout as sleep } from 'node:timers/promises';
import {
  ChorusClient,
  ChorusError,
  type HistorySource,
  Inbox,
  type InboxPage,
  type Position,
} from '@chorus/client';
import { createPrng, eventually } from '@chorus/testing';
import { expect } from 'chai';
import { SimulatedGateway } from './simulated-gateway.js';
import { ME, SimulatedRoom } from './simulated-room.js';

const ROOMS = 4;
const STEPS = 120;
const OTHER = 2;

/** A request to the API: read from the database at some moment, answered at a later one. */
interface PendingRequest {
  read?: () => void;
  answer?: () => void;
}

/** Servers, a client with an inbox, and everything that can happen to them, in an order that a seed determines. */
class Simulation {
  readonly #prng;
  readonly #gateway = new SimulatedGateway();
  readonly #rooms = new Map<number, SimulatedRoom>();
  readonly #away = new Map<number, SimulatedRoom>();
  readonly #requests: PendingRequest[] = [];
  #now = 0;
  readonly client: ChorusClient;
  readonly inbox: Inbox;

  constructor(seed: number) {
    this.#prng = createPrng(seed);
    for (let id = 1; id <= ROOMS; id++) this.#rooms.set(id, new SimulatedRoom(id, ++this.#now));
    this.client = new ChorusClient({
      ...{ url: 'http://chorus', token: 'a', api: this.#api(), webSocket: this.#gateway.webSocket },
      ...{ backoff: { baseMs: 1, capMs: 1 }, random: () => this.#prng.next() / 1_000 },
    });
    this.inbox = new Inbox(this.client);
    this.client.connect();
  }

  async run(steps: number): Promise<void> {
    for (let step = 0; step < steps; step++) {
      this.#step();
      if (this.#prng.below(4) === 0) await sleep(this.#prng.below(3));
      else await new Promise(setImmediate);
    }
    await eventually(() => {
      this.#settle();
      this.check();
    });
  }

  /** The inbox is what counting by hand gives. Its order depends on what arrived first. */
  check(): void {
    const { entries, complete } = this.inbox;
    expect(complete).to.equal(true);
    expect(
      entries
        .map(({ room, unread, mentions, readPosition }) => [room.id, unread, mentions, readPosition])
        .sort(([a], [b]) => Number(a) - Number(b)),
    ).to.deep.equal(
      [...this.#rooms.values()]
        .sort((a, b) => a.id - b.id)
        .map(({ id, unread, mentions, readAt }) => [id, unread, mentions, readAt]),
    );
  }

  #api(): HistorySource {
    const request = async (
      _method: string,
      _path: string,
      { query = {} }: { query?: object } = {},
    ): Promise<InboxPage> => {
      const { cursor, roomId } = query as { cursor?: string; roomId?: number };
      if (this.#prng.below(20) === 0) throw new ChorusError('network', 'no answer', true);
      return new Promise((resolve, reject) => {
        const pending: PendingRequest = {
          read: () => {
            const page = this.#page(cursor, roomId);
            delete pending.read;
            pending.answer = () =>
              page === undefined
                ? reject(new ChorusError('room_not_found', '', false, { status: 404 }))
                : resolve(page);
          },
        };
        this.#requests.push(pending);
      });
    };
    return {
      me: async () => ME,
      messages: async () => ({ messages: [], after: null }),
      request: request as NonNullable<HistorySource['request']>,
    };
  }

  /** Pages of two rooms, with the time of the last activity as their cursor. */
  #page(cursor = String(Number.MAX_SAFE_INTEGER), roomId?: number): InboxPage | undefined {
    if (roomId !== undefined) {
      const room = this.#rooms.get(roomId);
      return room && { rooms: [room.answer()], next: null };
    }
    const rooms = [...this.#rooms.values()]
      .filter(({ activeAt }) => activeAt < Number(cursor))
      .sort((a, b) => b.activeAt - a.activeAt);
    const next = rooms.length > 2 ? String(rooms[1]?.activeAt) : null;
    return { rooms: rooms.slice(0, 2).map((room) => room.answer()), next };
  }

  #step(): void {
    const room = this.#prng.pick([...this.#rooms.values(), ...this.#away.values()]);
    const isMember = this.#rooms.has(room.id);
    const pick = (count: number): number => this.#prng.below(Math.max(1, count));
    const publish = isMember ? this.#gateway : new SimulatedGateway();
    const place: Position | undefined = room.place(pick);
    switch (this.#prng.pick([0, 0, 0, 0, 1, 2, 3, 4, 4, 4, 5, 5, 5, 6, 6, 6, 7, 8, 9, 10, 11, 12, 13])) {
      case 0: {
        const by = this.#prng.below(6) === 0 && isMember ? ME.id : OTHER;
        publish.publish(room.send(by, this.#prng.below(3) === 0, ++this.#now));
        break;
      }
      case 1:
        publish.publish(room.delete(pick));
        break;
      case 2:
        room.react();
        break;
      case 3:
        if (place && isMember) this.#read(room, place, this.#prng.below(4) === 0);
        break;
      case 4:
        this.#gateway.arrive();
        break;
      case 5:
        this.#gateway.flush();
        break;
      case 6:
        this.#prng.pick([this.#readNext, this.#answerNext]).call(this);
        break;
      case 7:
        this.#handle();
        break;
      case 8:
        if (isMember) this.inbox.markRead(room.id, this.#prng.pick([place, undefined]));
        break;
      case 9:
        if (place && isMember) this.inbox.markUnread(room.id, place);
        break;
      case 10:
        if (this.#prng.below(3) === 0) this.#join(room, isMember);
        break;
      case 11:
        if (this.#prng.below(4) === 0) this.#gateway.disconnect();
        break;
      case 12:
        if (this.#prng.below(4) === 0) this.#gateway.reset();
        break;
      default:
        if (this.#prng.below(4) === 0) room.restart();
    }
  }

  /** Handles the next frame of the client. */
  #handle(): void {
    const frame = this.#gateway.requests.shift();
    if (frame?.type === 'watch-inbox') this.#gateway.watch(this.#rooms.size);
    if (frame?.type !== 'read') return;
    const { roomId, epoch, seq, unread = false } = frame;
    const room = this.#rooms.get(roomId);
    if (room === undefined) {
      this.#gateway.answer({
        type: 'error',
        code: 'room_not_found',
        error: '',
        retry: false,
        request: 'read',
        roomId,
      });
    } else if (!this.#read(room, { epoch, seq }, unread)) {
      const at = room.readAt ?? { epoch, seq };
      this.#gateway.answer({ type: 'read', roomId, userId: ME.id, ...at, n: room.readN });
    }
  }

  #read(room: SimulatedRoom, to: Position, unread: boolean): boolean {
    const activity = room.read(to, unread, this.#prng.below(4) > 0);
    this.#gateway.publish(activity);
    return activity !== undefined;
  }

  #join(room: SimulatedRoom, isMember: boolean): void {
    if (isMember) {
      this.#rooms.delete(room.id);
      this.#away.set(room.id, room);
    } else {
      this.#away.delete(room.id);
      this.#rooms.set(room.id, room);
      room.activeAt = ++this.#now;
    }
    this.#gateway.memberships(room.id, !isMember);
  }

  #readNext(): void {
    this.#requests.find(({ read }) => read !== undefined)?.read?.();
  }

  #answerNext(): void {
    const index = this.#requests.findIndex(({ answer }) => answer !== undefined);
    this.#requests.splice(index, index < 0 ? 0 : 1)[0]?.answer?.();
  }

  /** Everything that is on its way arrives. */
  #settle(): void {
    while (this.#gateway.requests.length > 0) this.#handle();
    while (this.#gateway.lag > 0) this.#gateway.arrive();
    this.#gateway.flush();
    for (const { read } of this.#requests) read?.();
    while (this.#requests.some(({ answer }) => answer !== undefined)) this.#answerNext();
  }
}

describe('the inbox of the client, whatever the order of frames, answers and interruptions', function () {
  this.timeout(60_000);

  for (let seed = 1; seed <= 12; seed++) {
    it(`equals counting by hand when all has arrived (seed ${seed})`, async () => {
      const simulation = new Simulation(seed);
      try {
        for (let round = 0; round < 3; round++) await simulation.run(STEPS);
      } finally {
        await simulation.client.close();
      }
    });
  }
});
