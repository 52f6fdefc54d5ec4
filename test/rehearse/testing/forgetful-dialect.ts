import type { Dialect } from '@chorus/loadtest';

const V1 = new URL('worker/dialects/chorus-v1.js', import.meta.resolve('@chorus/loadtest'));
const { dialect: v1 } = (await import(V1.href)) as { dialect: Dialect };

/** Of clients that do not say how far they got: what was said while they were away never reaches them. */
export const dialect: Dialect = {
  ...v1,
  converse: (rooms, events, send) => {
    const conversation = v1.converse(rooms, events, send);
    return {
      opened: () => conversation.opened(new Map()),
      received: (bytes, start, end) => conversation.received(bytes, start, end),
      publish: (roomId, number, text) => conversation.publish(roomId, number, text),
      closed: () => conversation.closed?.(),
    };
  },
};
