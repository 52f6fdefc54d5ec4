import { formatPosition, type Member, type Position, type RoleOrNone } from '@chorus/protocol';
import type { z } from 'zod';
import { JsonText } from '../../http/json-text.js';
import { operation } from '../../http/operation.js';
import { demand } from '../../rooms/access.js';
import { roomPath } from '../../rooms/inputs.js';
import { UNKNOWN_ROOM } from '../../rooms/json.js';
import type { HistoryRoom } from '../../rooms/retention.js';
import type { MessageServices } from '../dependencies.js';
import { listMessagesInput } from '../inputs.js';
import { messagePageJson } from '../json.js';
import { messageForUser, messageText } from '../message-json.js';
import type { HistoryMessage } from './message.js';
import type { MessageHistory } from './message-history.js';
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
    concurrent: true,
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
      const readerId = room.kind === 'public' ? undefined : user?.id;
      const { page, role } =
        query.changes || query.changedSince !== undefined
          ? { page: await pageWithMore({ history, roomLog }, room, query, user), role: undefined }
          : await pageOf(history, room, query, user, readerId);
      // A user who was removed during the reading may have got messages behind the removal.
      if (role !== undefined) demand('read', { kind: room.kind, role }, ctx.state);
      else if (room.kind !== 'public') await rooms.get(ctx.state, roomId);
      return page;
    },
);

/** A page, and what the reader is in the room after the reading; undefined if that is not known. */
interface ReadPage {
  readonly page: JsonText<Page>;
  readonly role: RoleOrNone | undefined;
}

/** @param readerId user whose role is read with the messages */
async function pageOf(
  history: MessageHistory,
  room: HistoryRoom,
  { before, after, limit }: Query,
  user: Member | undefined,
  readerId: number | undefined,
): Promise<ReadPage> {
  // One more than requested shows whether there are more.
  if (after === undefined) {
    const { messages: found, role } = await history.before(room, before, limit + 1, readerId);
    const messages = found.slice(-limit);
    const previous = found.length > limit ? messages[0] : undefined;
    const next = before === undefined ? undefined : messages.at(-1);
    return { page: pageText(messages, previous, next, user), role };
  }
  const { messages: found, role } = await history.after(room, after, limit + 1, readerId);
  const messages = found.slice(0, limit);
  const next = found.length > limit ? messages.at(-1) : undefined;
  return { page: pageText(messages, messages[0], next, user), role };
}

/** Puts a page together: the JSON of nearly all messages exists. */
function pageText(
  messages: readonly HistoryMessage[],
  before: Position | undefined,
  after: Position | undefined,
  user: Member | undefined,
): JsonText<Page> {
  const texts = messages.map((message) => messageText(message, user));
  const places = `"before":${JSON.stringify(placeOf(before))},"after":${JSON.stringify(placeOf(after))}`;
  return new JsonText(`{"messages":[${texts.join()}],${places}}`);
}

/** A page with changes of the room, or of messages that changed. */
async function pageWithMore(
  parts: PageParts,
  room: LoggedRoom,
  { before, after, changedSince, limit }: Query,
  user: Member | undefined,
): Promise<Page> {
  if (changedSince !== undefined) return pageOfChanged(parts.history, room, changedSince, limit, user);
  const page =
    after === undefined
      ? await entriesBefore(parts, room, before, limit)
      : await entriesAfter(parts, room, after, limit);
  return {
    messages: page.messages.map((message) => messageForUser(message.current(), user)),
    changes: [...page.changes],
    before: placeOf(page.before),
    after: placeOf(page.after),
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
