import { formatPosition, type Position } from '@chorus/protocol/constants';
import { asChorusError, ChorusError } from '../chorus-error.js';
import type { HistorySource } from '../options.js';
import type { ChangeOptions, ContentOptions, MessageOperation, Room } from '../room/room.js';

/** Replaces the text of one of the user's own messages. @param target the message, or its position */
export function edit(
  room: Room,
  target: Position,
  content: string,
  { mentions, data, ...options }: ChangeOptions & ContentOptions = {},
): Promise<void> {
  return change(room, { type: 'edit', target, content, mentions, data }, options);
}

/** Deletes a message: the user's own, or any for moderators. Its text, data, mentions and reactions are gone. */
export function deleteMessage(room: Room, target: Position, options?: ChangeOptions): Promise<void> {
  return change(room, { type: 'delete', target }, options);
}

/** Sets a reaction. Setting one twice has no effect. @param reaction an emoji or a short name */
export function react(
  room: Room,
  target: Position,
  reaction: string,
  options?: ChangeOptions,
): Promise<void> {
  return change(room, { type: 'react', target, reaction }, options);
}

/** Takes back a reaction of the user. */
export function unreact(
  room: Room,
  target: Position,
  reaction: string,
  options?: ChangeOptions,
): Promise<void> {
  return change(room, { type: 'unreact', target, reaction }, options);
}

/** Adds text at the end of one of the user's own messages. {@link sendStream} does it for a text that is being written. */
export function append(room: Room, target: Position, text: string, options?: ChangeOptions): Promise<void> {
  return change(room, { type: 'append', target, text }, options);
}

/** Over the socket, and over HTTP if the gateway does not have the message any more, or is older than this client. */
function change(room: Room, operation: MessageOperation, options: ChangeOptions = {}): Promise<void> {
  return room.perform(operation, options, (api, clientMsgId, refusal) =>
    changeOverHttp(api, room.id, operation, clientMsgId, refusal),
  );
}

async function changeOverHttp(
  api: HistorySource,
  roomId: number,
  { type, target, ...body }: MessageOperation,
  idempotencyKey: string,
  refusal: ChorusError,
): Promise<void> {
  const { reaction = '' } = body as { reaction?: string };
  const path = `/api/rooms/${roomId}/messages/${formatPosition(target)}`;
  const reactionPath = `${path}/reactions/${encodeURIComponent(reaction)}`;
  try {
    if (api.request === undefined) throw refusal;
    if (type === 'edit') await api.request('PATCH', path, { body, idempotencyKey });
    else if (type === 'append') await api.request('POST', `${path}/append`, { body, idempotencyKey });
    else if (type === 'delete') await api.request('DELETE', path, { idempotencyKey });
    else await api.request(type === 'react' ? 'PUT' : 'DELETE', reactionPath, { idempotencyKey });
  } catch (cause) {
    const error = asChorusError(cause);
    // Neither a gateway nor an API of the version before knows it.
    if (!/^(bad_frame|route_not_found|method_not_allowed)$/.test(error.code)) throw error;
    throw new ChorusError('unsupported', `the servers do not support ${type} yet`, false, { cause });
  }
}
