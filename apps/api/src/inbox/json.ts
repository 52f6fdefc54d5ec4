import { type Member, ROOM_ROLES } from '@chorus/protocol';
import { z } from 'zod';
import { named, writtenAs } from '../http/schemas.js';
import { formatPlace, POSITION_PATTERN } from '../messages/json.js';
import { messageJson, messageText } from '../messages/message-json.js';
import { restRoom, roomJson } from '../rooms/json.js';
import type { InboxEntry } from './inbox.js';

const time = { type: 'string', format: 'date-time' };

/** A position, or null. */
const placeJson = (description: string) =>
  writtenAs(z.string().nullable(), {
    anyOf: [{ type: 'string', pattern: POSITION_PATTERN }, { type: 'null' }],
    description,
  });

const count = (description: string) => z.int().nonnegative().describe(description);

/** Position up to which a user has read. */
const READ = {
  readPosition: placeJson('Position up to which the user has read; null if that is nothing.'),
  readN: count('Ordinal of the last message up to `readPosition`; 0 for none.'),
};

export const inboxEntryJson = named(
  'InboxRoom',
  z
    .object({
      room: roomJson,
      role: z.enum(ROOM_ROLES),
      lastMessage: messageJson.nullable().describe('The newest message as it is now; null for none.'),
      position: placeJson('Position of the newest entry; null for none.'),
      n: count('Ordinal of the newest message; 0 for none.'),
      unread: count('Number of messages after `readPosition`, without deleted ones.'),
      mentions: count('How many of them mention the user or all members and are of other users.'),
      ...READ,
      mutedUntil: writtenAs(z.iso.datetime().nullable(), { anyOf: [time, { type: 'null' }] }),
      activityAt: writtenAs(z.iso.datetime(), {
        ...time,
        description:
          'When the newest message was sent; in a room without messages, when the user became a member.',
      }),
    })
    .describe('A room of which the user is a member, and what is unread in it.'),
);

export const inboxPageJson = named(
  'InboxPage',
  z.object({
    rooms: z.array(inboxEntryJson).describe('By latest activity.'),
    next: writtenAs(z.string().nullable(), {
      anyOf: [{ type: 'string' }, { type: 'null' }],
      description: 'Value of `cursor` for the next page; null on the last page.',
    }),
  }),
);

export const readPositionJson = named('ReadPosition', z.object(READ));

type EntryJson = z.input<typeof inboxEntryJson>;

/** Returns the JSON of a room of an inbox. That of its newest message exists already, unless the message has changed. */
export function inboxEntryText(entry: InboxEntry, user: Member | undefined): string {
  const { room, mutedUntil, activityAt, counts } = entry;
  const { lastMessage, position, n, unread, mentions } = counts;
  const before: Pick<EntryJson, 'room' | 'role'> = {
    room: restRoom(room),
    role: room.role === 'none' ? 'member' : room.role,
  };
  const after: Omit<EntryJson, keyof typeof before | 'lastMessage'> = {
    position: formatPlace(position),
    ...{ n, unread, mentions, ...readPosition(entry) },
    mutedUntil: mutedUntil?.toISOString() ?? null,
    activityAt: new Date(activityAt).toISOString(),
  };
  const last = lastMessage === undefined ? 'null' : messageText(lastMessage, user);
  return `${JSON.stringify(before).slice(0, -1)},"lastMessage":${last},${JSON.stringify(after).slice(1)}`;
}

export function readPosition({ counts: { read, readN } }: InboxEntry): z.input<typeof readPositionJson> {
  return { readPosition: formatPlace(read), readN };
}
