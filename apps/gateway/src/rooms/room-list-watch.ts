import type { ControlEvent } from '@chorus/broker';
import type { ListedRoom, RoomsChangedFrame } from '@chorus/protocol';
import type { GatewayCounters } from '../telemetry/counters.js';
import type { Socket, Transport } from '../transport/transport.js';

/** What watching sockets subscribe to; no topic of a room has this name. */
const TOPIC = 'rooms';
/** Minimum interval between two notices, in milliseconds. */
const PERIOD_MS = 1_000;
/** Changes in one notice. If rooms change faster, reading the list costs less than each change. */
const MOST_CHANGES = 20;

export interface RoomListWatchParts {
  readonly transport: Pick<Transport, 'publish'>;
  readonly counters: Pick<GatewayCounters, 'bytesOut'>;
  readonly periodMs?: number;
}

/**
 * Sends changes of the list of rooms to the sockets that subscribed to them, so that clients need not poll the list.
 *
 * The first change after a quiet period is sent at once, the changes of the following period together. A socket gets at
 * most one frame per period, with at most {@link MOST_CHANGES} rooms, and each frame is serialised once.
 */
export class RoomListWatch {
  readonly #watchers = new Set<Socket>();
  /** Changed rooms by id; undefined for deleted ones. */
  readonly #changes = new Map<number, ListedRoom | undefined>();
  #complete = true;
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly parts: RoomListWatchParts) {}

  /** Subscribes the socket. The first frame asks its client to read the list. */
  watch(socket: Socket): void {
    this.#watchers.add(socket);
    socket.subscribe(TOPIC);
    socket.send(encode(new Map(), false));
  }

  /** Forgets a closed socket. */
  left(socket: Socket | undefined): void {
    if (socket !== undefined) this.#watchers.delete(socket);
  }

  control(event: Extract<ControlEvent, { type: 'room-listed' | 'room-unlisted' }>): void {
    if (event.type === 'room-listed') this.#note(event.room.id, event.room);
    else this.#note(event.roomId, undefined);
  }

  /** Asks the clients to read the list: events may have been missed. */
  missed(): void {
    this.#complete = false;
    this.#publishSoon();
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #note(roomId: number, room: ListedRoom | undefined): void {
    this.#changes.set(roomId, room);
    if (this.#changes.size > MOST_CHANGES) {
      this.#changes.clear();
      this.#complete = false;
    }
    this.#publishSoon();
  }

  #publishSoon(): void {
    if (this.#timer !== undefined) return;
    this.#publish();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#changes.size > 0 || !this.#complete) this.#publishSoon();
    }, this.parts.periodMs ?? PERIOD_MS);
  }

  #publish(): void {
    if (this.#watchers.size > 0) {
      const frame = Buffer.from(encode(this.#changes, this.#complete));
      this.parts.transport.publish(TOPIC, frame);
      this.parts.counters.bytesOut += this.#watchers.size * frame.byteLength;
    }
    this.#changes.clear();
    this.#complete = true;
  }
}

function encode(changes: ReadonlyMap<number, ListedRoom | undefined>, complete: boolean): string {
  const frame: RoomsChangedFrame = { type: 'rooms-changed', rooms: [], gone: [], complete };
  for (const [id, room] of changes) {
    if (room === undefined) frame.gone.push(id);
    else frame.rooms.push(room);
  }
  return JSON.stringify(frame);
}
