import { formatPosition, type MessageFrame, type Position } from '@chorus/protocol';
import type { Handler } from '../http/context.js';
import { parseInput } from '../http/input.js';
import { roomIdOf } from '../rooms/room-inputs.js';
import type { RoomService } from '../rooms/room-service.js';
import type { MessageHistory } from './message-history.js';
import { listMessagesInput } from './message-inputs.js';

/** A page of a room's history, and where it goes on; null where it ends. */
interface Page {
  messages: readonly MessageFrame[];
  before: string | null;
  after: string | null;
}

/** Pages through what was said in a room, backwards from the newest message or forwards from a position. */
export function listMessages(rooms: RoomService, history: MessageHistory): Handler {
  return async (ctx) => {
    const { before, after, limit } = parseInput(listMessagesInput, ctx.query);
    const { id } = await rooms.get(roomIdOf(ctx));
    ctx.body =
      after === undefined
        ? await pageBefore(history, id, before, limit)
        : await pageAfter(history, id, after, limit);
  };
}

async function pageBefore(
  history: MessageHistory,
  roomId: number,
  before: Position | undefined,
  limit: number,
): Promise<Page> {
  // One more than asked for tells whether there are more.
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
