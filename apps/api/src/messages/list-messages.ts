import { formatPosition, type Member, type Position } from '@chorus/protocol';
import type { z } from 'zod';
import { operation } from '../http/operation.js';
import { roomPath } from '../rooms/inputs.js';
import { UNKNOWN_ROOM } from '../rooms/json.js';
import type { HistoryRoom } from '../rooms/retention.js';
import type { MessageServices } from './dependencies.js';
import type { MessageHistory } from './history.js';
import { listMessagesInput } from './inputs.js';
import { messagePageJson } from './json.js';
import { messageForUser } from './message-json.js';
import { entriesAfter, entriesBefore, type PageParts, placeOf } from './page-with-changes.js';
import type { LoggedRoom } from './room-log.js';

type Page = z.input<typeof messagePageJson>;
type Query = z.output<typeof listMessagesInput>;

/** Pages through the messages of a room: backwards from the newest, or forwards from a position. */
export const listMessages = operation(
  {
    id: 'listMessages',
    summary: 'List messages of a room, page by page',
    description:
      'Without `before` and `after`, returns the newest messages. Includes messages that are not in the database yet.',
    access: 'rooms',
    scope: 'history:read',
    params: roomPath,
    query: listMessagesInput,
    answer: { status: 200, description: 'A page of messages, oldest first.', body: messagePageJson },
    errors: UNKNOWN_ROOM,
  },
  ({ rooms, history, roomLog }: Pick<MessageServices, 'rooms' | 'history' | 'roomLog'>) =>
    async (ctx, { params: { roomId }, query }) => {
      const { user } = ctx.state;
      const room = await rooms.get(ctx.state, roomId);
      const page = query.changes
        ? await pageWithChanges({ history, roomLog }, room, query, user)
        : await pageOf(history, room, query, user);
      // A user who was removed during the reading may have got messages behind the removal.
      if (room.kind !== 'public') await rooms.get(ctx.state, roomId);
      return page;
    },
);

async function pageWithChanges(
  parts: PageParts,
  room: LoggedRoom,
  { before, after, limit }: Query,
  user: Member | undefined,
): Promise<Page> {
  const page =
    after === undefined
      ? await entriesBefore(parts, room, before, limit)
      : await entriesAfter(parts, room, after, limit);
  return {
    messages: page.messages.map((message) => messageForUser(message, user)),
    changes: [...page.changes],
    before: placeOf(page.before),
    after: placeOf(page.after),
  };
}

function pageOf(
  history: MessageHistory,
  room: HistoryRoom,
  { before, after, changedSince, limit }: Query,
  user: Member | undefined,
): Promise<Page> {
  if (changedSince !== undefined) return pageOfChanged(history, room, changedSince, limit, user);
  return after === undefined
    ? pageBefore(history, room, before, limit, user)
    : pageAfter(history, room, after, limit, user);
}

async function pageBefore(
  history: MessageHistory,
  room: HistoryRoom,
  before: Position | undefined,
  limit: number,
  user: Member | undefined,
): Promise<Page> {
  // One more than requested shows whether there are more.
  const found = await history.before(room, before, limit + 1);
  const messages = found.slice(-limit);
  return {
    messages: messages.map((message) => messageForUser(message, user)),
    before: found.length > limit ? placeOf(messages[0]) : null,
    after: before === undefined ? null : placeOf(messages.at(-1)),
  };
}

async function pageAfter(
  history: MessageHistory,
  room: HistoryRoom,
  after: Position,
  limit: number,
  user: Member | undefined,
): Promise<Page> {
  const found = await history.after(room, after, limit + 1);
  const messages = found.slice(0, limit);
  return {
    messages: messages.map((message) => messageForUser(message, user)),
    before: placeOf(messages[0]),
    after: found.length > limit ? placeOf(messages.at(-1)) : null,
  };
}

async function pageOfChanged(
  history: MessageHistory,
  room: HistoryRoom,
  after: Position,
  limit: number,
  user: Member | undefined,
): Promise<Page> {
  const { messages, next } = await history.changedAfter(room, after, limit);
  return {
    messages: messages.map((message) => messageForUser(message, user)),
    before: null,
    after: null,
    changedSince: next === undefined ? null : formatPosition(next),
  };
}
