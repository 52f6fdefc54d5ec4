import type { z } from 'zod';
import { JsonText } from '../http/json-text.js';
import { operation } from '../http/operation.js';
import type { Caller } from '../keys/api-key.js';
import type { InboxServices } from './dependencies.js';
import type { InboxEntry } from './inbox.js';
import type { InboxPlace } from './inbox-repository.js';
import { formatCursor, listInboxInput } from './inputs.js';
import { inboxEntryText, inboxPageJson } from './json.js';

export const listInbox = operation(
  {
    id: 'listInbox',
    summary: 'List the rooms of the user by latest activity, with what is unread',
    description:
      'The rooms of which the user is a member. Counts are exact also directly after a message, deletion or reading. ' +
      'The order, and which page has a room, may be half a second late. A room that gets a message while pages are read moves to the ' +
      'beginning of the list; `inbox` frames tell of it.',
    access: 'rooms',
    concurrent: true,
    scope: 'history:read',
    query: listInboxInput,
    answer: { status: 200, description: 'A page of rooms.', body: inboxPageJson },
    errors: {
      404: 'The user is not a member of the room `roomId`, or there is no such room.',
      503: 'PostgreSQL or Redis is unavailable.',
    },
  },
  ({ inbox }: InboxServices) =>
    async (ctx, { query: { cursor, limit, roomId } }) => {
      const caller = ctx.state;
      if (roomId !== undefined) return pageText([await inbox.room(caller, roomId)], undefined, caller);
      const { entries, next } = await inbox.list(caller, cursor, limit);
      return pageText(entries, next, caller);
    },
);

function pageText(
  entries: readonly InboxEntry[],
  next: InboxPlace | undefined,
  { user }: Caller,
): JsonText<z.input<typeof inboxPageJson>> {
  const rooms = entries.map((entry) => inboxEntryText(entry, user)).join();
  return new JsonText(
    `{"rooms":[${rooms}],"next":${next === undefined ? null : JSON.stringify(formatCursor(next))}}`,
  );
}
