import { isStorable, type MessageFrame, messageEncoder, messageFrame } from './plain-frames.js';
import type { Position } from './position.js';

/** The latest time that both JavaScript and PostgreSQL can represent: the end of the year 9999. */
export const LAST_MOMENT = 253_402_300_799_999;

export interface ReadMessage {
  readonly message: MessageFrame;
  /** False if the message differs from what was sent because parts of it cannot be stored. */
  readonly intact: boolean;
}

/**
 * Reads a message of a room's history. Everything that gateways write is returned unchanged. Any other data keeps its
 * position: U+0000 and lone surrogates are replaced by U+FFFD, a missing or mistyped field gets its value for
 * "unknown" (0 or an empty text), and text that is not JSON becomes the content.
 *
 * @param frame the whole frame, including its opening
 */
export function readMessage(roomId: number, position: Position, frame: string): ReadMessage {
  const given = parse(frame);
  const { data } = messageFrame.safeParse(given);
  if (data !== undefined && isIntact(roomId, position, data)) return { message: inOrder(data), intact: true };
  return { message: salvage(roomId, position, frame, given), intact: false };
}

/**
 * Returns the frame of a message without its opening, as the sender's gateway wrote it: the inverse of
 * {@link readMessage}.
 */
export function bodyOfMessage({ roomId, username, userId, bot, ...parts }: MessageFrame): string {
  return messageEncoder(roomId, { id: userId, username, bot })(parts);
}

function isIntact(roomId: number, { epoch, seq }: Position, message: MessageFrame): boolean {
  const { content, username, id, sentAt } = message;
  return (
    message.roomId === roomId &&
    message.epoch === epoch &&
    message.seq === seq &&
    sentAt >= 0 &&
    sentAt <= LAST_MOMENT &&
    isStorable(content) &&
    isStorable(username) &&
    isStorable(id)
  );
}

/** Orders the fields as frames do, so that serialising gives the identical text. */
function inOrder(message: MessageFrame): MessageFrame {
  const { seq, epoch, n, type, mentions, replyTo, content, roomId, username, userId, id, sentAt } = message;
  const { clientMsgId, bot, editedAt, changed, data } = message;
  const front = {
    ...{ seq, epoch, ...(n === undefined ? {} : { n }), type },
    ...(mentions === undefined ? {} : { mentions }),
    ...(replyTo === undefined ? {} : { replyTo }),
  };
  const ordered: MessageFrame = { ...front, content, roomId, username, userId, id, sentAt };
  if (clientMsgId !== undefined) ordered.clientMsgId = clientMsgId;
  if (bot !== undefined) ordered.bot = bot;
  if (editedAt !== undefined) ordered.editedAt = editedAt;
  if (changed !== undefined) ordered.changed = changed;
  if (data !== undefined) ordered.data = data;
  return ordered;
}

function salvage(roomId: number, { epoch, seq }: Position, frame: string, given: unknown): MessageFrame {
  const field = (name: string): unknown =>
    typeof given === 'object' && given !== null ? Reflect.get(given, name) : undefined;
  const text = (name: string, otherwise: string): string => {
    const value = field(name);
    return storable(typeof value === 'string' ? value : otherwise);
  };
  const whole = (name: string, most: number, otherwise: number): number => {
    const value = field(name);
    return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= most ? Number(value) : otherwise;
  };
  const clientMsgId = messageFrame.shape.clientMsgId.safeParse(field('clientMsgId')).data;
  return inOrder({
    seq,
    epoch,
    type: 'message',
    content: text('content', frame),
    roomId,
    username: text('username', ''),
    userId: whole('userId', Number.MAX_SAFE_INTEGER, 0),
    id: text('id', `${roomId}-${epoch}-${seq}`),
    // An epoch is a time too, and the only one known here.
    sentAt: whole('sentAt', LAST_MOMENT, Math.min(epoch, LAST_MOMENT)),
    clientMsgId,
  });
}

function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD');
}

function parse(frame: string): unknown {
  try {
    return JSON.parse(frame);
  } catch {
    return undefined;
  }
}
