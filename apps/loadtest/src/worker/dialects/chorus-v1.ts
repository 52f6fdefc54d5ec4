import { randomBytes } from 'node:crypto';
import { type Position, SUBPROTOCOL, type V1ServerFrame } from '@chorus/protocol';
import type { Conversation, ConversationEvents, Dialect, Identity } from '../../dialect.js';
import { OPENING, tellMessage } from './message-frame.js';

const RETRY_MS = 1_000;
/** Share of the messages that a socket may send that joins use: a client that reconnects publishes, too. */
const JOINS_SHARE = 0.8;
/** Idempotency keys must not repeat those of another run in a room. */
const RUN = randomBytes(6).toString('hex');
const [S, A, J, L, T] = [0x73, 0x61, 0x6a, 0x6c, 0x74];

export const dialect: Dialect = {
  acks: true,
  resends: true,
  oneRoom: false,
  handshake: (identity) => ({
    path: `/ws/connect${identityQuery(identity)}`,
    headers: bearer(identity),
    protocols: [SUBPROTOCOL],
  }),
  converse: (rooms, events, send) => new V1Conversation(rooms, events, send),
};

class V1Conversation implements Conversation {
  readonly #position = { epoch: 0, seq: 0 };
  #since: ReadonlyMap<number, Position> = new Map();
  /** Rooms that are still to be joined. */
  #waiting: number[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly rooms: readonly number[],
    private readonly events: ConversationEvents,
    private readonly send: (text: string) => void,
  ) {}

  opened(since: ReadonlyMap<number, Position>): void {
    this.#since = since;
    this.#waiting = [...this.rooms];
  }

  publish(roomId: number, number: number, text: string): void {
    // Neither the text nor its key needs escaping.
    this.send(`{"type":"publish","roomId":${roomId},"clientMsgId":"${RUN}-${number}","content":"${text}"}`);
  }

  closed(): void {
    clearTimeout(this.#timer);
  }

  received(bytes: Buffer, start: number, end: number): void {
    if (tellMessage(bytes, start, end, this.#position, this.events)) return;
    const kind = bytes[start + OPENING];
    // Joined, left, stored and typing frames, of which there can be very many.
    if (kind === J || kind === L || kind === S || kind === T) return;
    const frame = JSON.parse(bytes.toString('utf8', start, end)) as V1ServerFrame;
    if (kind === A && frame.type === 'ack') this.events.acked(nameToNumber(frame.clientMsgId));
    else this.#rare(frame);
  }

  #rare(frame: V1ServerFrame): void {
    const { events } = this;
    switch (frame.type) {
      case 'welcome': {
        const { maxRooms, maxMessagesPerSecond } = frame.limits;
        if (this.rooms.length > maxRooms) events.failed(`a socket may be in ${maxRooms} rooms`);
        else this.#join(Math.max(1, Math.floor(maxMessagesPerSecond * JOINS_SHARE)));
        return;
      }
      case 'room-joined':
        events.joined(frame.roomId, frame.recovered, { epoch: frame.epoch, seq: frame.seq });
        return;
      case 'room-left':
        events.failed(`put out of a room: ${frame.reason}`);
        return;
      case 'reconnect':
        events.goAway(frame.afterMs);
        return;
      case 'error':
        if (frame.request === 'join' && frame.retry && frame.roomId !== undefined) this.#again(frame.roomId);
        else if (frame.request === 'join') events.failed(`join refused: ${frame.code}`);
        else events.refused(nameToNumber(frame.clientMsgId ?? ''), frame.code);
        return;
      default:
        return;
    }
  }

  /** Joins as many rooms per second as allowed, because joins count as messages. */
  #join(perSecond: number): void {
    for (const roomId of this.#waiting.splice(0, perSecond)) {
      const since = this.#since.get(roomId);
      this.send(JSON.stringify({ type: 'join', roomId, since }));
    }
    if (this.#waiting.length > 0) this.#timer = setTimeout(() => this.#join(perSecond), RETRY_MS);
    else this.#timer = undefined;
  }

  #again(roomId: number): void {
    this.#waiting.push(roomId);
    this.#timer ??= setTimeout(() => this.#join(this.rooms.length), RETRY_MS);
  }
}

function nameToNumber(name: string): number {
  return name.startsWith(RUN) ? Number(name.slice(RUN.length + 1)) : -1;
}

/** For gateways that require no token. */
export function identityQuery({ token, userId, username }: Identity): string {
  return token === undefined ? `?userId=${userId}&username=${encodeURIComponent(username)}` : '';
}

export function bearer({ token }: Identity): Record<string, string> {
  return token === undefined ? {} : { Authorization: `Bearer ${token}` };
}
