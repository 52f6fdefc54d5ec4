import { type Dialect, messageNumber } from '@chorus/loadtest';

/*
 * Dialect of servers that only relay: the path names the room, clients send text, servers send frames. The position
 * in their frames is filling, see servers/chat-frame.ts; a client that reconnects has missed messages.
 */
export const dialect: Dialect = {
  acks: false,
  resends: false,
  oneRoom: true,
  handshake: (_identity, [room = 0]) => ({ path: `/ws/join-room/${room}`, headers: {}, protocols: [] }),
  converse: ([room = 0], events, send) => ({
    opened: () => events.joined(room, undefined),
    received: (bytes, start, end) => {
      const number = messageNumber(bytes, start, end);
      if (number !== -1) events.message(number, undefined);
    },
    publish: (_roomId, _number, text) => send(text),
  }),
};
