import {
  type ArchiveQueue,
  type Backlog,
  type BacklogMeasure,
  type HistoryLimits,
  isAfter,
  type Position,
} from '@chorus/broker';
import { UnavailableError } from '@chorus/redis';
import { body, EPOCH } from './database.js';

interface Room {
  messages: Array<Position & { body: string }>;
  stored: Position;
  leasedUntil: number;
}

/** A queue with its own clock that the test can make unreachable. */
export class TestQueue implements ArchiveQueue {
  readonly rooms = new Map<number, Room>();
  readonly settled: Array<{ roomId: number; upTo: Position; keep: HistoryLimits }> = [];
  now = 0;
  /** If set, calls reject. */
  away = false;
  claims = 0;
  measures = 0;
  /** If set, measuring is answered when this resolves. */
  silence: Promise<void> | undefined;

  add(
    roomId: number,
    count: number,
    bodyOf: (seq: number) => string = (seq) => body(roomId, `m${seq}`),
  ): void {
    const room = this.rooms.get(roomId) ?? { messages: [], stored: { epoch: 0, seq: 0 }, leasedUntil: 0 };
    for (let added = 0; added < count; added++) {
      const seq = room.messages.length + 1;
      room.messages.push({ epoch: EPOCH, seq, body: bodyOf(seq) });
    }
    this.rooms.set(roomId, room);
  }

  async claim(maxRooms: number, maxMessages: number, leaseMs: number): Promise<Backlog[]> {
    this.#reach();
    this.claims++;
    const free = [...this.rooms].filter(
      ([, room]) => room.leasedUntil <= this.now && waiting(room).length > 0,
    );
    return free.slice(0, maxRooms).map(([roomId, room]) => {
      room.leasedUntil = this.now + leaseMs;
      return { roomId, after: room.stored, messages: waiting(room).slice(0, maxMessages) };
    });
  }

  async settle(roomId: number, upTo: Position, keep: HistoryLimits): Promise<void> {
    this.#reach();
    this.settled.push({ roomId, upTo, keep });
    const room = this.rooms.get(roomId);
    if (room === undefined) return;
    room.leasedUntil = 0;
    if (isAfter(upTo, room.stored)) room.stored = upTo;
  }

  async backlog(): Promise<{ bytes: number; rooms: number }> {
    this.#reach();
    const rooms = [...this.rooms.values()].map((room) => waiting(room).length);
    return { bytes: rooms.reduce((sum, count) => sum + count, 0), rooms: rooms.filter(Boolean).length };
  }

  async measure(): Promise<BacklogMeasure> {
    this.measures++;
    await this.silence;
    const { bytes, rooms } = await this.backlog();
    const messages = [...this.rooms.values()].flatMap(waiting);
    const times = messages.flatMap(({ body }) => /"sentAt":(\d+)/.exec(body)?.[1] ?? []).map(Number);
    const oldestSentAt = times.length === 0 ? undefined : Math.min(...times);
    return { bytes, rooms, messages: messages.length, oldestSentAt };
  }

  async close(): Promise<void> {}

  #reach(): void {
    if (this.away) throw new UnavailableError('away');
  }
}

function waiting(room: Room): Room['messages'] {
  return room.messages.filter((message) => isAfter(message, room.stored));
}
