import type { ConnectionState, LeftReason, Member } from '@chorus/client';

const TIME = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' });
const DAY_AND_YEAR = new Intl.DateTimeFormat(undefined, { dateStyle: 'full' });
const SHORT = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'short' });

export const timeText = (at: number): string => TIME.format(at);
export const dateTimeText = (at: number): string => SHORT.format(at);
export const fullTimeText = (at: number): string => FULL.format(at);

/** Returns "Today", "Yesterday", or the day, with its year if that is not the current one. */
export function dayText(at: number, now = Date.now()): string {
  const day = new Date(at);
  const today = new Date(now);
  if (day.toDateString() === today.toDateString()) return 'Today';
  today.setDate(today.getDate() - 1);
  if (day.toDateString() === today.toDateString()) return 'Yesterday';
  return (day.getFullYear() === new Date(now).getFullYear() ? DAY : DAY_AND_YEAR).format(day);
}

/**
 * Returns the names of typing members, which the page isolates from the text around them, and the text after them.
 */
export function typing(typists: readonly Member[]): {
  readonly names: readonly string[];
  readonly rest: string;
} {
  const names = typists.map(({ username }) => username);
  if (names.length === 0) return { names, rest: '' };
  if (names.length > 2) return { names: [], rest: 'Several people are typing…' };
  return { names, rest: names.length === 1 ? ' is typing…' : ' are typing…' };
}

/**
 * Returns a name for use within a sentence: its direction changes nothing around it (Unicode's isolates, for texts
 * without markup).
 */
export function isolated(name: string): string {
  return `\u2068${name}\u2069`;
}

/** Returns the state of the connection in a word or two. */
export function connectionText(state: ConnectionState, online = true): string {
  if (!online && state.status !== 'connected') return 'Offline';
  switch (state.status) {
    case 'connected':
      return 'Connected';
    case 'connecting':
      return state.attempt === 0 ? 'Connecting…' : 'Reconnecting…';
    case 'waiting':
      return 'Reconnecting…';
    case 'idle':
    case 'closed':
      return 'Not connected';
  }
}

/** Returns the whole seconds until a moment, at least one. */
export function secondsUntil(at: number, now = Date.now()): number {
  return Math.max(1, Math.ceil((at - now) / 1_000));
}

/** Returns why a room is no longer open. */
export function leftText(reason: LeftReason): string {
  switch (reason) {
    case 'deleted':
      return 'This room was deleted.';
    case 'banned':
      return 'You may not be in this room any more.';
    case 'disconnected':
      return 'An operator has put you out of this room.';
    case 'removed':
      return 'You are not a member of this room any more.';
    case 'room_not_found':
      return 'There is no such room.';
    case 'too_many_rooms':
      return 'Too many rooms are open: leave one first.';
    default:
      return 'You have left this room.';
  }
}

/** Returns one to three letters for a picture: the first of the first words. */
export function initials(username: string): string {
  const words = username.trim().split(/[\s._-]+/u);
  return words
    .slice(0, 2)
    .map((word) => [...word][0] ?? '')
    .join('')
    .toUpperCase();
}

/** Returns one of `hues` colours, fixed for each name: FNV-1a, whose upper bits are mixed best. */
export function hueOf(name: string, hues: number): number {
  let hash = 0x811c9dc5;
  for (const letter of name) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193);
  return (hash >>> 16) % hues;
}
