import { type Dialect, messageNumber } from '@chorus/loadtest';

/*
 * Servers that only relay: the path names the room, text goes in, frames come out. What looks like a position in their
 * frames is filling, see servers/chat-frame.ts; who comes back missed what was said meanwhile.
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
