import type { Dialect } from '../dialect.js';
import { dialect as plain } from '../worker/dialects/plain.js';

/** Dialect of a server without positions and history. */
export const dialect: Dialect = {
  ...plain,
  converse: (rooms, events, send) =>
    plain.converse(
      rooms,
      {
        joined: (roomId) => events.joined(roomId, undefined),
        message: (number) => events.message(number, undefined),
        acked: (number) => events.acked(number),
        refused: (number, why) => events.refused(number, why),
        goAway: (afterMs) => events.goAway(afterMs),
        failed: (why) => events.failed(why),
      },
      send,
    ),
};
