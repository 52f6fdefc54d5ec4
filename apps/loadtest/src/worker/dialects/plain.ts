import { formatPosition, type Position, type ServerFrame } from '@chorus/protocol';
import type { Conversation, ConversationEvents, Dialect } from '../../dialect.js';
import { bearer, identityQuery } from './chorus-v1.js';
import { OPENING, tellMessage } from './message-frame.js';

const [J, L] = [0x6a, 0x6c];

/** Nothing is acked, but a sender receives its own message. */
export const dialect: Dialect = {
  acks: false,
  resends: false,
  oneRoom: true,
  handshake: (identity, [roomId = 0], since) => {
    const query = new URLSearchParams(identityQuery(identity));
    const position = since.get(roomId);
    if (position !== undefined) query.set('since', formatPosition(position));
    const text = query.toString();
    return {
      path: `/ws/join-room/${roomId}${text === '' ? '' : `?${text}`}`,
      headers: bearer(identity),
      protocols: [],
    };
  },
  converse: ([roomId = 0], events, send) => new PlainConversation(roomId, events, send),
};

class PlainConversation implements Conversation {
  readonly #position = { epoch: 0, seq: 0 };

  constructor(
    private readonly roomId: number,
    private readonly events: ConversationEvents,
    private readonly send: (text: string) => void,
  ) {}

  opened(since: ReadonlyMap<number, Position>): void {
    // Otherwise the first frame tells whether the missed messages follow.
    if (!since.has(this.roomId)) this.events.joined(this.roomId, undefined);
  }

  publish(_roomId: number, _number: number, text: string): void {
    this.send(text);
  }

  received(bytes: Buffer, start: number, end: number): void {
    if (tellMessage(bytes, start, end, this.#position, this.events)) return;
    const kind = bytes[start + OPENING];
    if (kind === J || kind === L) return;
    const frame = JSON.parse(bytes.toString('utf8', start, end)) as ServerFrame;
    if (frame.type === 'recovery') this.events.joined(this.roomId, frame.recovered, frame);
    else if (frame.type === 'error') this.events.refused(undefined, frame.error);
  }
}
