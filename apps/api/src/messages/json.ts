import { messageFrame } from '@chorus/protocol';
import { z } from 'zod';
import { named, writtenAs } from '../http/schemas.js';

/** As positions are written: `<epoch>-<seq>`. */
export const POSITION_PATTERN = '^[0-9]{1,16}-[0-9]{1,16}$';

const place = writtenAs(z.string().nullable(), {
  anyOf: [{ type: 'string', pattern: POSITION_PATTERN }, { type: 'null' }],
  description: 'Where the pages go on in that direction; null where there is nothing more, at that moment.',
});

/** A page of a room's history, and where it goes on; null where it ends. */
export const messagePageJson = named(
  'MessagePage',
  z.object({
    messages: z
      .array(named('Message', messageFrame))
      .describe('The frames that sockets receive, oldest first.'),
    before: place,
    after: place,
  }),
);
