import type { Position } from '../position.js';
import { type ChangeFrame, changeFrame } from './change-frames.js';

/** Latest time that both JavaScript and PostgreSQL can represent: the end of the year 9999. */
const LATEST_TIME = 253_402_300_799_999;

/** A change as a log of a room keeps it. */
export interface LoggedChange extends Position {
  readonly type: 'change';
  readonly roomId: number;
  /** Kind of the change; `unreadable` for data that no gateway wrote. */
  readonly kind: string;
  /** Undefined for a kind that this version does not know, and for data that no gateway wrote. */
  readonly frame: ChangeFrame | undefined;
  /** 0 if unknown. */
  readonly userId: number;
  readonly sentAt: number;
  readonly clientMsgId: string | undefined;
  /** The frame without its opening. */
  readonly body: string;
}

/**
 * Reads a change of a room's history. Text that cannot be stored is replaced by U+FFFD; missing fields get their value for
 * "unknown".
 *
 * @param body the frame without its opening
 */
export function readChange(roomId: number, { epoch, seq }: Position, body: string): LoggedChange {
  const given = parse(`{${body}`);
  const read = changeFrame.safeParse({ ...given, epoch, seq, roomId });
  const number = (value: unknown, most: number, otherwise: number): number =>
    Number.isInteger(value) && Number(value) >= 0 && Number(value) <= most ? Number(value) : otherwise;
  const { change: kind, clientMsgId } = given;
  return {
    ...{ type: 'change', roomId, epoch, seq },
    kind: typeof kind === 'string' ? kind : 'unreadable',
    frame: read.data,
    userId: number(given.userId, Number.MAX_SAFE_INTEGER, 0),
    // An epoch is a time too, and the only one known here.
    sentAt: number(given.sentAt, LATEST_TIME, Math.min(epoch, LATEST_TIME)),
    clientMsgId: typeof clientMsgId === 'string' ? clientMsgId : undefined,
    body: storable(body),
  };
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text, (_, value) => (typeof value === 'string' ? storable(value) : value));
  } catch {
    return {};
  }
}

/** PostgreSQL stores neither U+0000 nor lone surrogates. */
function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\uFFFD');
}
