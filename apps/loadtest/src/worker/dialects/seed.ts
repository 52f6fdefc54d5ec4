import { formatPosition, type Position, type ServerFrame } from '@chorus/protocol';
import type { Conversation, ConversationEvents, Dialect } from '../../dialect.js';
import { messageNumber } from '../../message-text.js';
import { bearer, identityQuery } from './chorus-v1.js';
import { numberAt } from './number-at.js';

const OPENING = '{"type":"'.length;
const BEFORE_CONTENT = '{"seq":1,"epoch":1,"type":"message",'.length;
const [S, J, L] = [0x73, 0x6a, 0x6c];

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
  converse: ([roomId = 0], events, send) => new SeedConversation(roomId, events, send),
};

class SeedConversation implements Conversation {
  readonly #position = { epoch: 0, seq: 0 };

  constructor(
    private readonly roomId: number,
    private readonly events: ConversationEvents,
    private readonly send: (text: string) => void,
  ) {}

  opened(since: ReadonlyMap<number, Position>): void {
    // Else the first frame says whether what was missed follows.
    if (!since.has(this.roomId)) this.events.joined(this.roomId, undefined);
  }

  publish(_roomId: number, _number: number, text: string): void {
    this.send(text);
  }

  received(bytes: Buffer, start: number, end: number): void {
    if (bytes[start + 2] === S) {
      const at = numberAt(bytes, start + '{"seq":'.length, this.#position, 'seq');
      numberAt(bytes, at + ',"epoch":'.length, this.#position, 'epoch');
      const number = messageNumber(bytes, start + BEFORE_CONTENT, end);
      if (number !== -1) this.events.message(number, this.#position);
      return;
    }
    const kind = bytes[start + OPENING];
    if (kind === J || kind === L) return;
    const frame = JSON.parse(bytes.toString('utf8', start, end)) as ServerFrame;
    if (frame.type === 'recovery') this.events.joined(this.roomId, frame.recovered, frame);
    else if (frame.type === 'error') this.events.refused(undefined, frame.error);
  }
}
