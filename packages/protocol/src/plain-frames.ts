import { z } from 'zod';
import { clientMsgIdSchema } from './client-frames.js';
import {
  dataSchema,
  type Mention,
  type MessageData,
  mentionsSchema,
  targetSchema,
} from './entries/fields.js';
import type { Position } from './position.js';
import { positionSchema } from './position-schema.js';
import { type HttpErrorCode, type PlainErrorCode, REFUSALS, type TextDetails } from './refusals/catalogue.js';
import { type Refusal, refusalText } from './refusals/refusal.js';

/**
 * Every frame that a plain socket receives has these three fields, as in the original service. The other fields were
 * added later; clients ignore fields that they do not know.
 */
const plainFields = { content: z.string(), roomId: z.int().positive(), username: z.string() };
const userId = z.int().positive();

export const messageFrame = z
  .object({
    ...positionSchema.shape,
    n: z
      .int()
      .positive()
      .optional()
      .describe(
        'Number of messages in the room up to this one, deleted ones included. Equal to `seq` if absent.',
      ),
    type: z.literal('message'),
    mentions: mentionsSchema.optional(),
    replyTo: targetSchema
      .optional()
      .describe(
        'Position of the message that this one replies to. The message may be deleted, too old, or never have existed.',
      ),
    ...plainFields,
    userId,
    id: z.string().describe('Id, unique over all messages of the cluster.'),
    sentAt: z
      .int()
      .describe("When the sender's gateway received it, in milliseconds since 1970 by that gateway's clock."),
    clientMsgId: clientMsgIdSchema.optional().describe('Id that the sender gave the message.'),
    editedAt: z
      .int()
      .optional()
      .describe('When the text was edited last, in milliseconds since 1970; absent if it never was.'),
    bot: z.literal(true).optional().describe('Only for messages of bots.'),
    changed: positionSchema
      .optional()
      .describe('Changes up to this position are applied already. Absent if the message is as it was sent.'),
    data: dataSchema.optional(),
  })
  .describe('A message of the room. The sender receives it too.');

export const presenceNoticeFrame = z
  .object({ type: z.enum(['joined', 'left']), ...plainFields, userId })
  .describe(
    'A user joined the room with their first connection, or left it with their last. A reconnect within a short ' +
      'grace period is neither. Has no position.',
  );

export const broadcastFrame = z
  .object({ type: z.literal('broadcast'), ...plainFields, roomId: z.int().nonnegative() })
  .describe('Text of the operator to all sockets. `roomId` is 0 on sockets that are not bound to one room.');

/** Answers `?since=` on a plain socket, before any other frame. */
export const recoveryFrame = z
  .object({ type: z.literal('recovery'), ...plainFields, ...positionSchema.shape, recovered: z.boolean() })
  .describe(
    'Whether all messages after `since` follow. If so, `epoch` and `seq` are the position of the last missed ' +
      "message, or `since` if none was missed; otherwise the room's current position.",
  );

export const plainErrorFrame = z
  .object({
    type: z.literal('error'),
    ...plainFields,
    error: z.string(),
    retry: z.boolean().describe('Whether an unchanged retry can succeed later.'),
  })
  .describe('The previous message of this socket was refused and was not delivered.');

export type MessageFrame = z.infer<typeof messageFrame>;
export type PresenceFrame = z.infer<typeof presenceNoticeFrame>;
export type BroadcastFrame = z.infer<typeof broadcastFrame>;
export type RecoveryFrame = z.infer<typeof recoveryFrame>;
export type ErrorFrame = z.infer<typeof plainErrorFrame>;

/** Frames that a plain socket receives. */
export type ServerFrame = MessageFrame | PresenceFrame | BroadcastFrame | RecoveryFrame | ErrorFrame;

/** Texts of the original service. They must not change. */
export const JOINED_CONTENT = 'A new user has join the room';
export const LEFT_CONTENT = 'user left the chat';

export interface Member {
  id: number;
  username: string;
  /** Only for bots. */
  bot?: true | undefined;
}

/** The fields that differ between two messages of one sender. */
export interface MessageParts {
  content: string;
  id: string;
  /** Milliseconds since 1970. */
  sentAt: number;
  clientMsgId?: string | undefined;
  mentions?: readonly Mention[] | undefined;
  replyTo?: Position | undefined;
  data?: MessageData | undefined;
  /** Milliseconds since 1970. Only of a message that is restored. */
  editedAt?: number | undefined;
  /** Only of a message that is restored. */
  changed?: Position | undefined;
}

/**
 * Returns a function that serialises one member's messages in one room.
 *
 * A message is serialised once, before its position is known. The function therefore returns the JSON of the frame
 * without its opening; {@link openFrame} with the assigned position completes it. The parts that are constant for a
 * socket are serialised once per socket.
 *
 * Mentions are first, where scripts find them without reading the content. `data` is last: servers find `userId` and
 * `sentAt` without parsing, so no unescaped text of a client may stand before them.
 */
export function messageEncoder(roomId: number, sender: Member): (message: MessageParts) => string {
  const constant = `,"roomId":${roomId},"username":${JSON.stringify(sender.username)},"userId":${sender.id},"id":"`;
  const kind = field('bot', sender.bot);
  return ({ content, id, sentAt, clientMsgId, mentions, replyTo, editedAt, changed, data }) => {
    const about = `${field('mentions', mentions)}${field('replyTo', replyTo && placeOf(replyTo))}`;
    const tag = clientMsgId === undefined ? '' : `,"clientMsgId":"${clientMsgId}"`;
    const more = `${kind}${field('editedAt', editedAt)}${field('changed', changed && placeOf(changed))}${field('data', data)}`;
    return `"type":"message"${about},"content":${JSON.stringify(content)}${constant}${id}","sentAt":${sentAt}${tag}${more}}`;
  };
}

/** A field that is left out when it has no value. */
function field(name: string, value: unknown): string {
  return value === undefined ? '' : `,"${name}":${JSON.stringify(value)}`;
}

function placeOf({ epoch, seq }: Position): Position {
  return { epoch, seq };
}

/**
 * Returns the opening of an entry's frame. `publish.lua` must write the identical text.
 *
 * @param n ordinal of a message, if it differs from `seq`
 */
export function openFrame({ epoch, seq }: Position, n?: number): string {
  return n === undefined ? `{"seq":${seq},"epoch":${epoch},` : `{"seq":${seq},"epoch":${epoch},"n":${n},`;
}

/** Whether a text can be stored unchanged: PostgreSQL accepts neither U+0000 nor lone surrogates. */
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

export function encodeError<Code extends PlainErrorCode>(
  roomId: number,
  code: Code,
  ...details: TextDetails<Code>
): string {
  return errorFrame(roomId, code, refusalText(code, ...details));
}

/** Returns the frame that reports a refusal that HTTP responses report too. */
export function encodeRefused(
  roomId: number,
  { code, message }: Refusal<PlainErrorCode & HttpErrorCode>,
): string {
  return errorFrame(roomId, code, message);
}

function errorFrame(roomId: number, code: PlainErrorCode, error: string): string {
  const { retry } = REFUSALS[code];
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

/** @param roomId the room of a plain socket, else 0 */
export function encodeBroadcast(roomId: number, content: string): string {
  const frame: BroadcastFrame = { type: 'broadcast', content, roomId, username: '' };
  return JSON.stringify(frame);
}
