import { setTimeout as sleep } from 'node:timers/promises';
import type { Closeable } from '@chorus/service';
import { connectV1 } from '@chorus/testing';
import { type Asked, ask } from '../conversations/ask.js';
import type { HistoryApi } from '../history/api.js';
import type { ChangeOutcome, LifeEvent, RoomLives } from '../history/history.js';
import type { ChaosCluster } from '../worlds/chaos-cluster.js';
import { running } from '../worlds/running.js';
import { lifeContent } from './life-content.js';
import { LifeMember } from './life-member.js';

/** First id of the rooms that no other client is in. */
const FIRST_ROOM_ID = 1_000_001;
const ROOMS = 3;
const FIRST_USER_ID = 900_001;
/** Number of names of a life, one after the other. */
const NAMES = 2;
const PAUSE_MS = 100;
/** Unfinished changes are completed within this time, in milliseconds. */
const AGREED_MS = 15_000;

interface Room {
  readonly roomId: number;
  readonly events: LifeEvent[];
  life: number;
  /** Undefined while the room does not exist. */
  name: string | undefined;
  /** Number of names planned for this life. */
  names: number;
  members: LifeMember[];
}

/** Rooms that are repeatedly created, renamed and deleted under constant ids. */
export class RecreatedRooms implements Closeable {
  readonly #rooms: Room[] = Array.from({ length: ROOMS }, (_, index) => ({
    ...{ roomId: FIRST_ROOM_ID + index, events: [], life: 0, name: undefined, names: 0, members: [] },
  }));
  readonly #token: string;

  constructor(
    private readonly cluster: ChaosCluster,
    private readonly api: HistoryApi,
    private readonly signal: AbortSignal,
  ) {
    this.#token = cluster.tokenOf({ id: FIRST_USER_ID, username: 'builder' });
  }

  /** Creates, enters, sends, renames and deletes for a time, while an action runs. The last life of a room stays. */
  async burst(forMs: number, action: () => Promise<void>): Promise<void> {
    const until = performance.now() + forMs;
    const changes = this.#rooms.map(async (room) => {
      while (performance.now() < until) await this.#turn(room);
    });
    const all = [...changes, action()];
    await Promise.allSettled(all);
    await Promise.all(all);
  }

  /** Returns what became of the rooms. Rooms that were never created are left out. */
  async observe(): Promise<RoomLives[]> {
    const used = this.#rooms.filter(({ life }) => life > 0);
    return Promise.all(used.map((room) => this.#observe(room)));
  }

  async close(): Promise<void> {
    await Promise.all(this.#rooms.flatMap(({ members }) => members.map((member) => member.close())));
  }

  async #turn(room: Room): Promise<void> {
    if (room.name !== undefined) {
      await (room.names < NAMES ? this.#rename(room) : this.#change(room, { type: 'delete' }));
      return;
    }
    room.names = 1;
    await this.#change(room, { type: 'create', name: `room-${room.roomId}` });
    if (room.name === undefined) return;
    if (room.members.length === 0) room.members = this.#membersOf(room);
    const entered = await Promise.all(room.members.map((member) => member.enter(room.life, this.signal)));
    const content = lifeContent(room.roomId, room.life);
    const sender = room.members.find((_, index) => entered[index]);
    if (sender === undefined) return;
    const acked = await sender.send(content);
    record(room, { type: 'sent', life: room.life, content, acked });
  }

  async #rename(room: Room): Promise<void> {
    const name = `room-${room.roomId}-${++room.names}`;
    const members = room.members.filter((member) => member.isIn(room.life));
    const outcome = await this.#change(room, { type: 'rename', name });
    if (outcome !== 'done') return;
    for (const member of members) {
      const told = await member.toldName(room.life, name, this.signal);
      if (!told) record(room, { type: 'name-not-told', by: member.name, name });
    }
  }

  /** Requests a change, and then asks for the result: the API that got the request may be dead. */
  async #change(room: Room, change: Change): Promise<ChangeOutcome> {
    const outcome = outcomeOf(change, await this.#ask(room.roomId, change));
    record(room, { ...change, outcome });
    const name = await this.#nameOf(room.roomId);
    record(room, { type: 'looked', name });
    if (name !== undefined && room.name === undefined) room.life++;
    room.name = name;
    return outcome;
  }

  async #ask(roomId: number, change: Change): Promise<number> {
    const path = `/api/rooms/${roomId}`;
    switch (change.type) {
      case 'create':
        return (await this.#request('POST', '/ws/create-room', { id: roomId, name: change.name })).status;
      case 'rename':
        return (await this.#request('PATCH', path, { name: change.name })).status;
      case 'delete':
        return (await this.#request('DELETE', path)).status;
      default:
        return change satisfies never;
    }
  }

  /** Undefined when the room does not exist. */
  async #nameOf(roomId: number): Promise<string | undefined> {
    for (;;) {
      await sleep(PAUSE_MS, undefined, { signal: this.signal });
      const { status, body } = await this.#request('GET', `/api/rooms/${roomId}`);
      if (status === 404) return undefined;
      if (status === 200) return (body as { name: string }).name;
    }
  }

  #request(method: string, path: string, body?: object): Promise<Asked> {
    const { url } = this.cluster;
    return ask({ url, token: this.#token, signal: this.signal }, method, path, body);
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
    const exists = (await this.#nameOf(roomId)) !== undefined;
    const wanted = exists ? 'room-joined' : 'room_not_found';
    const deadline = performance.now() + AGREED_MS;
    let gateways: Record<string, string> = {};
    // The first members may have been replaced.
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

type Change = { readonly type: 'create' | 'rename'; readonly name: string } | { readonly type: 'delete' };

function outcomeOf({ type }: Change, status: number): ChangeOutcome {
  if (status >= 200 && status < 300) return 'done';
  // A room may have its new name although announcing it failed.
  return status === 0 || (type === 'rename' && status === 503) ? 'unknown' : 'refused';
}

type Unstamped<Event = LifeEvent> = Event extends LifeEvent ? Omit<Event, 'at'> : never;

function record(room: Room, event: Unstamped): void {
  room.events.push({ at: performance.now(), ...event });
}
