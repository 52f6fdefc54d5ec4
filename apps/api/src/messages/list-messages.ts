import { formatPosition, type MessageFrame, type Position } from '@chorus/protocol';
import type { z } from 'zod';
import { operation } from '../http/operation.js';
import { roomPath } from '../rooms/inputs.js';
import { UNKNOWN_ROOM } from '../rooms/json.js';
import type { RoomService } from '../rooms/service.js';
import type { MessageHistory } from './history.js';
import { listMessagesInput } from './inputs.js';
import { messagePageJson } from './json.js';

/** Dependencies of the message routes. */
export interface MessageServices {
  readonly rooms: RoomService;
  readonly history: MessageHistory;
}

type Page = z.input<typeof messagePageJson>;

/** Pages through the messages of a room: backwards from the newest, or forwards from a position. */
export const listMessages = operation(
  {
    id: 'listMessages',
    summary: 'List messages of a room, page by page',
    description:
      'Without `before` and `after`, returns the newest messages. Includes messages that are not in the database yet.',
    access: 'rooms',
    params: roomPath,
    query: listMessagesInput,
    answer: { status: 200, description: 'A page of messages, oldest first.', body: messagePageJson },
    errors: UNKNOWN_ROOM,
  },
  ({ rooms, history }: MessageServices) =>
    async (ctx, { params: { roomId }, query: { before, after, limit } }) => {
      const { id } = await rooms.get(ctx.state.user, roomId);
      return after === undefined
        ? await pageBefore(history, id, before, limit)
        : await pageAfter(history, id, after, limit);
    },
);

async function pageBefore(
  history: MessageHistory,
  roomId: number,
  before: Position | undefined,
  limit: number,
): Promise<Page> {
  // One more than requested shows whether there are more.
  const found = await history.before(roomId, before, limit + 1);
  const messages = found.slice(-limit);
  return {
    messages,
    before: found.length > limit ? place(messages.at(0)) : null,
    after: before === undefined ? null : place(messages.at(-1)),
  };
}

async function pageAfter(
  history: MessageHistory,
  roomId: number,
  after: Position,
  limit: number,
): Promise<Page> {
  const found = await history.after(roomId, after, limit + 1);
  const messages = found.slice(0, limit);
  return {
    messages,
    before: place(messages.at(0)),
    after: found.length > limit ? place(messages.at(-1)) : null,
  };
}

function place(message: MessageFrame | undefined): string | null {
  return message === undefined ? null : formatPosition(message);
}
