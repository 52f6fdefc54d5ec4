import { z } from 'zod';
import { clientMsgIdSchema } from './client-frames.js';
import type { Position } from './position.js';
import { positionSchema } from './position-schema.js';

/**
 * The seed contract: every frame that its sockets receive carries these three. The other fields came
 * later, and clients ignore those that they do not know.
 */
const seedFields = { content: z.string(), roomId: z.int().positive(), username: z.string() };
const userId = z.int().positive();

export const messageFrame = z
  .object({
    ...positionSchema.shape,
    type: z.literal('message'),
    ...seedFields,
    userId,
    id: z.string().describe('Unique over all messages of the cluster.'),
    sentAt: z
      .int()
      .describe("When the sender's gateway received it, in milliseconds since 1970 by that gateway's clock."),
    clientMsgId: clientMsgIdSchema.optional().describe('As the sender named it.'),
  })
  .describe('A room message. The sender receives it as well.');

export const presenceNoticeFrame = z
  .object({ type: z.enum(['joined', 'left']), ...seedFields, userId })
  .describe(
    'Somebody entered the room or is gone, from every tab and for longer than a moment. Has no position.',
  );

export const broadcastFrame = z
  .object({ type: z.literal('broadcast'), ...seedFields, roomId: z.int().nonnegative() })
  .describe('The operator says something to everybody. `roomId` is 0 unless the socket is of one room.');

/** Answers `?since=` on a seed socket, before anything else. */
export const recoveryFrame = z
  .object({ type: z.literal('recovery'), ...seedFields, ...positionSchema.shape, recovered: z.boolean() })
  .describe(
    'Whether everything after `since` follows. If so, `epoch` and `seq` are the position of the last message that was missed, or `since` if ' +
      'none was; otherwise where the room stands.',
  );

export const seedErrorFrame = z
  .object({
    type: z.literal('error'),
    ...seedFields,
    error: z.string(),
    retry: z.boolean().describe('Whether sending the same again later can succeed.'),
  })
  .describe('The message just sent was refused; nobody else received it.');

export type MessageFrame = z.infer<typeof messageFrame>;
export type PresenceFrame = z.infer<typeof presenceNoticeFrame>;
export type BroadcastFrame = z.infer<typeof broadcastFrame>;
export type RecoveryFrame = z.infer<typeof recoveryFrame>;
export type ErrorFrame = z.infer<typeof seedErrorFrame>;

/** What a seed socket receives. */
export type ServerFrame = MessageFrame | PresenceFrame | BroadcastFrame | RecoveryFrame | ErrorFrame;

/** The seed contract's wording, letter for letter. */
export const JOINED_CONTENT = 'A new user has join the room';
export const LEFT_CONTENT = 'user left the chat';

export interface Member {
  id: number;
  username: string;
}

/** The part of a message that changes from one to the next of a sender. */
export interface MessageParts {
  content: string;
  id: string;
  /** Milliseconds since 1970. */
  sentAt: number;
  clientMsgId?: string;
}

/**
 * Returns a function that serialises one member's messages in one room.
 *
 * A message is serialised once, before its position is known, so what it returns is the frame's
 * JSON without its opening: {@link openFrame} of the assigned position completes it. The parts that
 * never change for a socket are serialised once per socket.
 */
export function messageEncoder(roomId: number, sender: Member): (message: MessageParts) => string {
  const constant = `,"roomId":${roomId},"username":${JSON.stringify(sender.username)},"userId":${sender.id},"id":"`;
  return ({ content, id, sentAt, clientMsgId }) => {
    const tag = clientMsgId === undefined ? '' : `,"clientMsgId":"${clientMsgId}"`;
    return `"type":"message","content":${JSON.stringify(content)}${constant}${id}","sentAt":${sentAt}${tag}}`;
  };
}

/** The opening of a message frame; `publish.lua` writes the same. */
export function openFrame({ epoch, seq }: Position): string {
  return `{"seq":${seq},"epoch":${epoch},`;
}

/** Whether a text can be stored as it is: PostgreSQL takes neither U+0000 nor half of a surrogate pair. */
export function isStorable(content: string): boolean {
  return !content.includes('\0') && content.isWellFormed();
}

export function encodePresence(type: PresenceFrame['type'], roomId: number, member: Member): string {
  const frame: PresenceFrame = {
    type,
    content: type === 'joined' ? JOINED_CONTENT : LEFT_CONTENT,
    roomId,
    username: member.username,
    userId: member.id,
  };
  return JSON.stringify(frame);
}

export function encodeError(roomId: number, error: string, retry: boolean): string {
  const frame: ErrorFrame = {
    type: 'error',
    content: `not sent: ${error}`,
    roomId,
    username: '',
    error,
    retry,
  };
  return JSON.stringify(frame);
}

export function encodeRecovery(roomId: number, at: Position, recovered: boolean): string {
  const { epoch, seq } = at;
  const content = recovered ? 'recovered' : 'not recovered: read older messages from the history';
  const frame: RecoveryFrame = { type: 'recovery', content, roomId, username: '', epoch, seq, recovered };
  return JSON.stringify(frame);
}

/** @param roomId the one room of a seed socket, else 0 */
export function encodeBroadcast(roomId: number, content: string): string {
  const frame: BroadcastFrame = { type: 'broadcast', content, roomId, username: '' };
  return JSON.stringify(frame);
}
