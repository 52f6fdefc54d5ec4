import { formatPosition, type Position } from '@chorus/protocol/constants';
import { asChorusError, ChorusError } from '../chorus-error.js';
import { messagesPath } from '../http/request.js';
import type { HistorySource } from '../options.js';
import type { ChangeOptions, ContentOptions, MessageOperation, Room } from '../room/room.js';

/** Replaces the text of one of the user's own messages. @param target the message, or its position */
export function edit(
  room: Room,
  target: Position,
  content: string,
  { mentions, data, ...options }: ChangeOptions & ContentOptions = {},
): Promise<void> {
  return room.perform({ type: 'edit', target, content, mentions, data }, options, changeOverHttp);
}

/** Deletes a message: the user's own, or any for moderators. Its text, data, mentions and reactions are gone. */
export function deleteMessage(room: Room, target: Position, options?: ChangeOptions): Promise<void> {
  return room.perform({ type: 'delete', target }, options, changeOverHttp);
}

/** Sets a reaction. Setting one twice has no effect. @param reaction an emoji or a short name */
export function react(
  room: Room,
  target: Position,
  reaction: string,
  options?: ChangeOptions,
): Promise<void> {
  return room.perform({ type: 'react', target, reaction }, options, changeOverHttp);
}

/** Takes back a reaction of the user. */
export function unreact(
  room: Room,
  target: Position,
  reaction: string,
  options?: ChangeOptions,
): Promise<void> {
  return room.perform({ type: 'unreact', target, reaction }, options, changeOverHttp);
}

/** Adds text at the end of one of the user's own messages. {@link sendStream} does it for a text that is being written. */
export function append(room: Room, target: Position, text: string, options?: ChangeOptions): Promise<void> {
  return room.perform({ type: 'append', target, text }, options, changeOverHttp);
}

/** Method and path of each change, from the path of its message on. */
const ROUTES: Readonly<Record<MessageOperation['type'], readonly [string, string]>> = {
  edit: ['PATCH', ''],
  delete: ['DELETE', ''],
  append: ['POST', '/append'],
  react: ['PUT', '/reactions/'],
  unreact: ['DELETE', '/reactions/'],
};

/** For changes of messages that the gateway does not have any more, and for gateways that are older than this client. */
async function changeOverHttp(
  api: HistorySource,
  roomId: number,
  { type, target, ...about }: MessageOperation,
  idempotencyKey: string,
  refusal: ChorusError,
): Promise<unknown> {
  const { reaction = '', ...body } = about as { reaction?: string };
  const [method, path] = ROUTES[type];
  try {
    if (!api.request) throw refusal;
    return await api.request(
      method,
      `${messagesPath(roomId)}/${formatPosition(target)}${path}${encodeURIComponent(reaction)}`,
      { body: /edit|append/.test(type) ? body : undefined, idempotencyKey },
    );
  } catch (cause) {
    const error = asChorusError(cause, 'exception');
    // Neither a gateway nor an API of the version before knows it.
    if (!/^(bad_frame|route_not_found|method_not_allowed)$/.test(error.code)) throw error;
    throw new ChorusError('unsupported', `${type} is not supported yet`, false, { cause });
  }
}
