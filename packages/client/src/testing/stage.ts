import type { ClientFrame, MessageFrame, V1ServerFrame } from '@chorus/protocol';
import { formatPosition, isAfter, type Position, parsePosition } from '@chorus/protocol/constants';
import { WebSocket } from 'ws';
import { ChorusClient } from '../chorus-client.js';
import type { ClientOptions, HistorySource, RoomHistoryQuery } from '../options.js';
import type { Room } from '../room/room.js';
import type { MemberChange, Message, RoomChange, RoomStatus } from '../types.js';
import { type ScriptedConnection, ScriptedGateway } from './scripted-gateway.js';

export const EPOCH = 1_000;
export const ME = { id: 1, username: 'ann' };
export const LIMITS = {
  maxFrameBytes: 16_384,
  maxMessagesPerSecond: 50,
  maxRooms: 100,
  idleTimeoutSeconds: 60,
};

export function joined(
  roomId: number,
  seq: number,
  recovered = false,
  stored = 0,
  epoch = EPOCH,
): V1ServerFrame {
  return { type: 'room-joined', roomId, epoch, seq, recovered, stored: { epoch: EPOCH, seq: stored } };
}

export function message(roomId: number, seq: number, from: Partial<MessageFrame> = {}): MessageFrame {
  return {
    ...{ type: 'message', roomId, epoch: EPOCH, seq, id: `id-${roomId}-${seq}`, content: `message ${seq}` },
    ...{ username: 'bob', userId: 2, sentAt: 0 },
    ...from,
  };
}

export function ack(roomId: number, clientMsgId: string, seq: number): V1ServerFrame {
  return { type: 'ack', roomId, clientMsgId, epoch: EPOCH, seq };
}

export function refusal(request: string, about: object, retry: boolean): V1ServerFrame {
  const code = retry ? 'unavailable' : 'banned';
  return { type: 'error', code, error: code, retry, request, ...about };
}

/** A history with the paging of the API, over the messages that the test puts in. */
export class TestHistory implements HistorySource {
  readonly messagesOf: Message[] = [];
  /** The next answers: these come before any page. */
  readonly failures: Error[] = [];
  /** Error that `me` rejects with, if any. */
  meError: Error | undefined;
  readonly asked: string[] = [];
  /** Messages that `changedSince` returns. */
  readonly changed: Message[] = [];
  /** Changes of the members and of the room. */
  readonly changes: Array<MemberChange | RoomChange> = [];
  /** False for a server that ignores `changedSince`. */
  knowsChanges = true;
  request?: NonNullable<HistorySource['request']>;
  #held: Promise<void> | undefined;

  /** Holds back the next answers until they are released. */
  held(): { release(): void } {
    let release = (): void => {};
    this.#held = new Promise((resolve) => {
      release = resolve;
    });
    return { release };
  }

  async me(): Promise<unknown> {
    if (this.meError !== undefined) throw this.meError;
    return ME;
  }

  async messages(_roomId: number, page: RoomHistoryQuery) {
    const { limit = 50, changedSince } = page;
    const asked = Object.entries({ ...page, limit: undefined }).find(([, value]) => value !== undefined);
    this.asked.push(asked?.join(' ') ?? '');
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
    const messages = [...this.messagesOf];
    await this.#held;
    if (changedSince !== undefined && this.knowsChanges) {
      return { messages: this.changed, before: null, after: null };
    }
    const [after, before] = [page.after, page.before].map((text) => parsePosition(text ?? ''));
    if (page.changes) return this.#withChanges(messages, after, before, limit);
    if (after === undefined) {
      const found = messages.filter((each) => before === undefined || isAfter(before, each));
      const newest = found.slice(-limit);
      const first = found.length > limit ? newest[0] : undefined;
      return { messages: newest, before: first === undefined ? null : formatPosition(first), after: null };
    }
    const found = messages.filter((each) => isAfter(each, after));
    return { messages: found.slice(0, limit), before: null, after: found.length > limit ? 'more' : null };
  }

  /** Pages of entries: of messages and changes together. */
  #withChanges(
    messages: readonly Message[],
    after: Position | undefined,
    before: Position | undefined,
    limit: number,
  ) {
    const found = [...messages, ...this.changes]
      .sort((a, b) => (isAfter(a, b) ? 1 : -1))
      .filter((each) => (before === undefined || isAfter(before, each)) && (!after || isAfter(each, after)));
    const page = after ? found.slice(0, limit) : found.slice(-limit);
    const [first, last] = [page[0], page.at(-1)].map((each) => each && formatPosition(each));
    const [older, newer] = found.length <= limit ? [] : after ? [undefined, last] : [first];
    return {
      messages: page.filter((each) => each.type === 'message'),
      changes: page.filter((each) => each.type === 'change'),
      ...{ before: older ?? null, after: newer ?? null },
    };
  }
}

/** A scripted gateway, a history, and the clients that a test makes. */
export class Stage {
  readonly history = new TestHistory();
  readonly #clients: ChorusClient[] = [];

  static async set(): Promise<Stage> {
    return new Stage(await ScriptedGateway.start());
  }

  private constructor(readonly gateway: ScriptedGateway) {}

  client(options: ClientOptions = {}): ChorusClient {
    const client = new ChorusClient({
      ...{ url: this.gateway.url, token: 'a-token', api: this.history, webSocket: WebSocket },
      backoff: { baseMs: 20, capMs: 40 },
      ...options,
    });
    this.#clients.push(client);
    client.connect();
    return client;
  }

  /** Resolves with the next connection after sending it a welcome. */
  async connection(
    changes: { limits?: Partial<typeof LIMITS>; expiresAt?: number; now?: number } = {},
  ): Promise<ScriptedConnection> {
    const connection = await this.gateway.connection();
    connection.say({
      ...{ type: 'welcome', connectionId: 'c1', user: ME, expiresAt: changes.expiresAt ?? null },
      ...(changes.now === undefined ? {} : { now: changes.now }),
      limits: { ...LIMITS, ...changes.limits },
    });
    return connection;
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
    await this.gateway.close();
  }
}

export async function next(connection: ScriptedConnection, count: number): Promise<ClientFrame[]> {
  const frames: ClientFrame[] = [];
  while (frames.length < count) frames.push(await connection.next());
  return frames;
}

/** Resolves with the next event that matches. */
export function event<Event>(
  on: (listener: (event: Event) => void) => () => void,
  wanted: (event: Event) => boolean = () => true,
): Promise<Event> {
  return new Promise((resolve) => {
    const off = on((event) => {
      if (!wanted(event)) return;
      off();
      resolve(event);
    });
  });
}

/** Resolves with the message of this seq when the room delivers it. */
export function delivered(room: Room, seq: number): Promise<Message> {
  return event(
    (listener) => room.on('message', listener),
    (message) => message.seq === seq,
  );
}

/** Resolves when the room changes to this status. */
export function reached(room: Room, status: RoomStatus): Promise<RoomStatus> {
  return event(
    (listener) => room.on('status', listener),
    (now) => now === status,
  );
}
