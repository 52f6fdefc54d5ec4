import { formatPosition, type Position, positionSchema, roomChangeFrame } from '@chorus/protocol';
import { z } from 'zod';
import { named, writtenAs } from '../http/schemas.js';
import { messageJson } from './message-json.js';

/** Positions have the form `<epoch>-<seq>`. */
export const POSITION_PATTERN = '^[0-9]{1,16}-[0-9]{1,16}$';

/** Returns a position for clients; null for 0-0. */
export function formatPlace(position: Position): string | null {
  return position.epoch === 0 ? null : formatPosition(position);
}

const place = writtenAs(z.string().nullable(), {
  anyOf: [{ type: 'string', pattern: POSITION_PATTERN }, { type: 'null' }],
  description:
    'Value of the parameter of this name for the next page in this direction; null if there is none yet.',
});

const roomChangeJson = named('RoomLogEntry', roomChangeFrame);

/** A page of a room's history with the positions of its neighbours; null at the ends. */
export const messagePageJson = named(
  'MessagePage',
  z.object({
    messages: z
      .array(messageJson)
      .describe(
        'The messages as they are now, oldest first; with `changedSince` in the order of their last changes.',
      ),
    changes: z
      .array(roomChangeJson)
      .optional()
      .describe(
        'Only with `changes=true`: the changes of the members and of the room among the messages, oldest first. In a public room, ' +
          'members who joined or left by themselves are left out.',
      ),
    before: place,
    after: place,
    changedSince: place
      .optional()
      .describe('Only in answers to `changedSince`: its value for the next page; null if there is none yet.'),
  }),
);

/** Position of a new entry of the room. */
export const entryJson = named(
  'EntryPosition',
  z
    .object({ roomId: z.int().positive(), ...positionSchema.shape })
    .describe(
      'Position of the message or change. It will not be lost, and it reaches every socket in the room.',
    ),
);
