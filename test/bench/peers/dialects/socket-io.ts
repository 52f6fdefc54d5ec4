import { type Conversation, type ConversationEvents, type Dialect, messageNumber } from '@chorus/loadtest';

/*
 * Socket.IO 4 over a raw WebSocket, as its own client speaks it: packets of Engine.IO 4 (`0` open, `2` ping, `3`
 * pong, `4` message) and in messages those of Socket.IO 5 (`40` connected, `41` disconnected, `42` event, `44`
 * refused). If the server recovers connections, its `40` has a `pid` and every event ends with an offset; a client
 * that reconnects with both is sent what it missed, before or after the `40`.
 */

const ZERO = 0x30;
const NINE = 0x39;
const QUOTE = 0x22;
const DASH = 0x2d;
const [OPEN, PING, MESSAGE] = [ZERO, ZERO + 2, ZERO + 4];
const [CONNECTED, DISCONNECTED, EVENT, REFUSED] = [ZERO, ZERO + 1, ZERO + 2, ZERO + 4];

class SocketIoConversation implements Conversation {
  #pid: string | undefined;
  /** Offset of the last event, as the client of Socket.IO keeps it. */
  #offset: string | undefined;

  constructor(
    private readonly room: number,
    private readonly events: ConversationEvents,
    private readonly send: (text: string) => void,
  ) {}

  opened(): void {
    // The server sends the first packet.
  }

  received(bytes: Buffer, start: number, end: number): void {
    const type = bytes[start];
    if (type === MESSAGE) this.#packet(bytes, start + 1, end);
    else if (type === PING) this.send('3');
    else if (type === OPEN) this.send(`40${JSON.stringify(this.#auth())}`);
  }

  publish(_roomId: number, _number: number, text: string): void {
    this.send(`42["message",${JSON.stringify(text)}]`);
  }

  #auth(): object {
    const auth = { room: this.room };
    return this.#pid === undefined ? auth : { ...auth, pid: this.#pid, offset: this.#offset };
  }

  #packet(bytes: Buffer, start: number, end: number): void {
    const type = bytes[start];
    if (type === EVENT) {
      if (this.#pid !== undefined) this.#keepOffset(bytes, end);
      const number = messageNumber(bytes, start, end);
      if (number !== -1) this.events.message(number, undefined);
    } else if (type === CONNECTED) {
      const { pid } = JSON.parse(bytes.toString('utf8', start + 1, end)) as { pid?: string };
      const recovered = this.#pid === undefined ? undefined : this.#pid === pid;
      this.#pid = pid;
      this.events.joined(this.room, recovered);
    } else if (type === REFUSED || type === DISCONNECTED) {
      this.events.failed(bytes.toString('utf8', start + 1, end));
    }
  }

  /** The last argument of an event, `…,"1767225612345-0"]`; there may be events without. */
  #keepOffset(bytes: Buffer, end: number): void {
    if (bytes[end - 2] !== QUOTE) return;
    let first = end - 3;
    for (; isPartOfOffset(bytes[first]); first--);
    if (bytes[first] === QUOTE) this.#offset = bytes.toString('latin1', first + 1, end - 2);
  }
}

function isPartOfOffset(byte: number | undefined): boolean {
  return byte !== undefined && ((byte >= ZERO && byte <= NINE) || byte === DASH);
}

export const dialect: Dialect = {
  acks: false,
  resends: false,
  oneRoom: true,
  handshake: () => ({ path: '/socket.io/?EIO=4&transport=websocket', headers: {}, protocols: [] }),
  converse: ([room = 0], events, send) => new SocketIoConversation(room, events, send),
};
