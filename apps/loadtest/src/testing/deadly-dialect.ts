import type { Dialect } from '../dialect.js';
import { dialect as seed } from '../worker/dialects/seed.js';

/** Takes its worker down with the first message. */
export const dialect: Dialect = {
  ...seed,
  converse: (rooms, events, send) => {
    const conversation = seed.converse(rooms, events, send);
    return {
      opened: (since) => conversation.opened(since),
      received: (bytes, start, end) => conversation.received(bytes, start, end),
      publish: () => {
        throw new Error('too much');
      },
    };
  },
};
