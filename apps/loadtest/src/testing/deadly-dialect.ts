import type { Dialect } from '../dialect.js';
import { dialect as plain } from '../worker/dialects/plain.js';

/** Makes its worker crash at the first message. */
export const dialect: Dialect = {
  ...plain,
  converse: (rooms, events, send) => {
    const conversation = plain.converse(rooms, events, send);
    return {
      opened: (since) => conversation.opened(since),
      received: (bytes, start, end) => conversation.received(bytes, start, end),
      publish: () => {
        throw new Error('too much');
      },
    };
  },
};
