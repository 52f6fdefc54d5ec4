import type { Position } from './position.js';
import { isStorable, type MessageFrame, messageEncoder, messageFrame } from './seed-frames.js';

/** The latest moment that both JavaScript and PostgreSQL can write down: the end of the year 9999. */
const LAST_MOMENT = 253_402_300_799_999;

export interface ReadMessage {
  readonly message: MessageFrame;
  /** False when it is not what was sent, but as much of it as can be stored. */
  readonly intact: boolean;
}

/**
 * Reads a message of a room's history. Gateways write nothing that would not be returned as it is. Should
 * something else get there, it keeps its place: U+0000 and halves of surrogate pairs are replaced by U+FFFD,
 * a field that is missing or of a wrong type gets the value for "unknown" (0, or no text), and what is no
 * JSON at all becomes the content.
 *
 * @param frame the whole frame, opening included
 */
export function readMessage(roomId: number, position: Position, frame: string): ReadMessage {
  const given = parse(frame);
  const { data } = messageFrame.safeParse(given);
  if (data !== undefined && isIntact(roomId, position, data)) return { message: inOrder(data), intact: true };
  return { message: salvage(roomId, position, frame, given), intact: false };
}

/** The frame of a message without its opening, as the sender's gateway made it: {@link readMessage} the other way round. */
export function bodyOfMessage({
  roomId,
  username,
  userId,
  content,
  id,
  sentAt,
  clientMsgId,
}: MessageFrame): string {
  const parts = { content, id, sentAt };
  const encode = messageEncoder(roomId, { id: userId, username });
  return encode(clientMsgId === undefined ? parts : { ...parts, clientMsgId });
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

/** With the fields in the order in which frames have them, so that it is the same text again. */
function inOrder(message: MessageFrame): MessageFrame {
  const { seq, epoch, type, content, roomId, username, userId, id, sentAt, clientMsgId } = message;
  const tag = clientMsgId === undefined ? {} : { clientMsgId };
  return { seq, epoch, type, content, roomId, username, userId, id, sentAt, ...tag };
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
    // An epoch is a time, and the only one that is known.
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
