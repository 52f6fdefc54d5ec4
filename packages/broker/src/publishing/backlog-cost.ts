import type { StoredMessage } from '../broker.js';
import { bodyStart } from './stored-frame.js';

/** Bytes that a message counts for the budget beside its body. */
const OVERHEAD = 128;

/** Bytes that a message counts for the budget; identical to `backlog.lua`. */
export function costOf(body: string): number {
  return Buffer.byteLength(body) + OVERHEAD;
}

/** {@link costOf} the body of a stored frame. */
export function costOfStored(message: StoredMessage): number {
  return message.frame.length - bodyStart(message) + OVERHEAD;
}

/** Number of messages of a room that may wait to be archived in any case. */
const CROWD = 128;
/** Share of the budget that a room may use while more than half of the budget is in use. */
const ROOM_SHARE = 1 / 4;
/** Share of the budget that a user may use then, in all rooms together. */
const USER_SHARE = 1 / 4;
/** Bytes by user are counted only while more than this share of the budget is in use, from zero each time. */
const COUNTED_FROM = 1 / 8;

/**
 * Whether a room has used its share of the budget, where each of its messages counts as much as the next one. Identical
 * to `backlog.lua`.
 *
 * @param cost of the next message
 * @param waiting bytes of all rooms together
 */
export function isCrowded(
  room: { readonly unstoredMessages: number },
  cost: number,
  waiting: number,
  budget: number,
): boolean {
  if (waiting * 2 <= budget) return false;
  const messages = room.unstoredMessages;
  return messages >= CROWD && messages * cost > budget * ROOM_SHARE;
}

/** Whether bytes are counted by user. @param waiting bytes of all rooms together */
export function isCounted(waiting: number, budget: number): boolean {
  return waiting > budget * COUNTED_FROM;
}

/**
 * Whether a user has used a share of the budget. Identical to `backlog.lua`.
 * @param bytes of the user, as far as they were counted
 * @param cost of the next message
 * @param waiting bytes of all rooms together
 */
export function hasShare(bytes: number, cost: number, waiting: number, budget: number): boolean {
  return waiting * 2 > budget && bytes > 0 && bytes + cost > budget * USER_SHARE;
}

/**
 * Returns the user who sent an entry, without parsing the whole body: within the content, quotes are escaped, and an object at
 * the end may hold the same name. Undefined for an entry that names none.
 */
export function userOf(body: string): string | undefined {
  const at = body.endsWith('}}') ? body.indexOf(USER_ID) : body.lastIndexOf(USER_ID);
  return at < 0 ? undefined : /^\d+/.exec(body.slice(at + USER_ID.length, at + USER_ID.length + 16))?.[0];
}

const USER_ID = '"userId":';
