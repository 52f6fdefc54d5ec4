import { setTimeout as sleep } from 'node:timers/promises';
import type { Closeable } from '@chorus/service';
import { connectV1 } from '../../support/v1-socket.js';
import type { ChaosCluster } from '../chaos-cluster.js';
import { running } from '../faults/server-fault.js';
import type { LifeEvent, RoomLives } from '../history.js';
import type { HistoryApi } from '../history-api.js';
import { lifeContent } from './life-content.js';
import { LifeMember } from './life-member.js';

/** Of rooms that no other client is in. */
const FIRST_ROOM_ID = 1_000_001;
const ROOMS = 3;
const FIRST_USER_ID = 900_001;
const REQUEST_MS = 6_000;
const PAUSE_MS = 100;
/** Half done changes are finished within this, in milliseconds. */
const AGREED_MS = 15_000;

interface Room {
  readonly roomId: number;
  readonly events: LifeEvent[];
  life: number;
  exists: boolean;
  members: LifeMember[];
}

/** Rooms that are created and deleted under the same ids, again and again. */
export class AnewRooms implements Closeable {
  readonly #rooms: Room[] = Array.from({ length: ROOMS }, (_, index) => ({
    ...{ roomId: FIRST_ROOM_ID + index, events: [], life: 0, exists: false, members: [] },
  }));
  readonly #token: string;

  constructor(
    private readonly cluster: ChaosCluster,
    private readonly api: HistoryApi,
    private readonly signal: AbortSignal,
  ) {
    this.#token = cluster.tokenOf({ id: FIRST_USER_ID, username: 'builder' });
  }

  /** Creates, enters, sends and deletes until then. The last life of a room goes on. */
  async burst(until: number): Promise<void> {
    await Promise.all(
      this.#rooms.map(async (room) => {
        while (performance.now() < until) await this.#turn(room);
      }),
    );
  }

  /** What became of them. Rooms that were never created are left out. */
  async observe(): Promise<RoomLives[]> {
    const used = this.#rooms.filter(({ life }) => life > 0);
    return Promise.all(used.map((room) => this.#observe(room)));
  }

  async close(): Promise<void> {
    await Promise.all(this.#rooms.flatMap(({ members }) => members.map((member) => member.close())));
  }

  async #turn(room: Room): Promise<void> {
    if (room.exists) {
      await this.#change(room, 'delete');
      return;
    }
    await this.#change(room, 'create');
    if (!room.exists) return;
    if (room.members.length === 0) room.members = this.#membersOf(room);
    const entered = await Promise.all(room.members.map((member) => member.enter(room.life, this.signal)));
    const content = lifeContent(room.roomId, room.life);
    const sender = room.members.find((_, index) => entered[index]);
    if (sender === undefined) return;
    const acked = await sender.send(content);
    record(room, { type: 'sent', life: room.life, content, acked });
  }

  /** Asks for a change, and then what came of it: the API that was asked may be dead. */
  async #change(room: Room, type: 'create' | 'delete'): Promise<void> {
    const { roomId } = room;
    const status =
      type === 'create'
        ? await this.#request('POST', '/ws/create-room', { id: roomId, name: `room-${roomId}` })
        : await this.#request('DELETE', `/api/rooms/${roomId}`);
    const outcome = status === 200 || status === 204 ? 'done' : status === 0 ? 'unknown' : 'refused';
    record(room, { type, outcome });
    const exists = await this.#exists(roomId);
    record(room, { type: 'looked', exists });
    if (exists && !room.exists) room.life++;
    room.exists = exists;
  }

  async #exists(roomId: number): Promise<boolean> {
    for (;;) {
      await sleep(PAUSE_MS, undefined, { signal: this.signal });
      const status = await this.#request('GET', `/api/rooms/${roomId}`);
      if (status === 200 || status === 404) return status === 200;
    }
  }

  /** @returns its status; 0 without an answer, or with one of the balancer's */
  async #request(method: string, path: string, body?: object): Promise<number> {
    try {
      const { status } = await fetch(`${this.cluster.url}${path}`, {
        method,
        headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.any([this.signal, AbortSignal.timeout(REQUEST_MS)]),
      });
      return status === 502 ? 0 : status;
    } catch {
      this.signal.throwIfAborted();
      return 0;
    }
  }

  /** One on each gateway. */
  #membersOf(room: Room): LifeMember[] {
    return running(this.cluster.gateways).map((gateway, index) => {
      const id = FIRST_USER_ID + 1 + index;
      const token = this.cluster.tokenOf({ id, username: `dweller-${index}` });
      const connect = () => connectV1(gateway.url, token);
      return new LifeMember(gateway.nodeId, connect, room.roomId, (event) => record(room, event));
    });
  }

  async #observe(room: Room): Promise<RoomLives> {
    const { roomId, events, life } = room;
    const exists = await this.#exists(roomId);
    const wanted = exists ? 'room-joined' : 'unknown_room';
    const deadline = performance.now() + AGREED_MS;
    let gateways: Record<string, string> = {};
    // Those that were there at first may have been replaced.
    const members = this.#membersOf(room);
    try {
      do {
        if (Object.keys(gateways).length > 0) await sleep(PAUSE_MS, undefined, { signal: this.signal });
        const answers = members.map(async (member) => [member.name, await member.ask()] as const);
        gateways = Object.fromEntries(await Promise.all(answers));
      } while (Object.values(gateways).some((answer) => answer !== wanted) && performance.now() < deadline);
    } finally {
      await Promise.all(members.map((member) => member.close()));
    }
    const history = exists ? await this.api.after(roomId, this.#token, { epoch: 0, seq: 0 }) : [];
    return { roomId, events, life, exists, gateways, messages: history.map(({ content }) => content) };
  }
}

type Unstamped<Event = LifeEvent> = Event extends LifeEvent ? Omit<Event, 'at'> : never;

function record(room: Room, event: Unstamped): void {
  room.events.push({ at: performance.now(), ...event });
}
