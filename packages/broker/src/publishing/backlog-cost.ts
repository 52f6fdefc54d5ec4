import { openFrame } from '@chorus/protocol';
import type { StoredMessage } from '../broker.js';

/** What a message counts for the budget beside its body, in bytes. */
const OVERHEAD = 128;

/** Bytes that a message counts for the budget; `backlog.lua` counts the same. */
export function costOf(body: string): number {
  return Buffer.byteLength(body) + OVERHEAD;
}

/** {@link costOf} the body that a frame was made of. */
export function costOfStored(message: StoredMessage): number {
  return message.frame.length - openFrame(message).length + OVERHEAD;
}

/** So many messages of a room may wait to be archived in any case. */
const CROWD = 128;
/** Part of the budget that a room may have while more than half of the budget is in use. */
const ROOM_SHARE = 1 / 4;
/** Part of the budget that a user may have then, in all rooms together. */
const USER_SHARE = 1 / 4;
/** Bytes by user are counted only while more than this part of the budget is in use, from zero each time. */
const COUNTED_FROM = 1 / 8;

/**
 * Whether a room has its share of the budget, its messages taken to be as large as the next one. `backlog.lua` decides the
 * same.
 *
 * @param cost of the next message @param waiting bytes of all rooms together
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
 * Whether a user has a share of the budget. `backlog.lua` decides the same.
 *
 * @param bytes of the user, as far as they were counted @param cost of the next message
 * @param waiting bytes of all rooms together
 */
export function hasShare(bytes: number, cost: number, waiting: number, budget: number): boolean {
  return waiting * 2 > budget && bytes > 0 && bytes + cost > budget * USER_SHARE;
}

/**
 * The user who sent a message, without reading the rest of it: within the content quotes are escaped. Undefined for a message
 * that names none.
 */
export function userOf(body: string): string | undefined {
  const at = body.lastIndexOf(USER_ID);
  return at < 0 ? undefined : /^\d+/.exec(body.slice(at + USER_ID.length, at + USER_ID.length + 16))?.[0];
}

const USER_ID = '"userId":';
