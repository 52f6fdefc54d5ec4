import { messageFrame } from '@chorus/protocol';
import { z } from 'zod';
import { named, writtenAs } from '../http/schemas.js';

/** Positions have the form `<epoch>-<seq>`. */
export const POSITION_PATTERN = '^[0-9]{1,16}-[0-9]{1,16}$';

const place = writtenAs(z.string().nullable(), {
  anyOf: [{ type: 'string', pattern: POSITION_PATTERN }, { type: 'null' }],
  description:
    'Value of the parameter of this name for the next page in this direction; null if there is none yet.',
});

/** A page of a room's history with the positions of its neighbours; null at the ends. */
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
