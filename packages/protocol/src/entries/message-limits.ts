import { accessTo, leastFor } from '../access/access-to.js';
import type { RoleOrNone, RoomKind } from '../access/table.js';
import { isStorable } from '../plain-frames.js';
import type { ErrorCode, HttpErrorCode } from '../refusals/catalogue.js';
import { Refusal } from '../refusals/refusal.js';
import type { Mention, MessageData } from './fields.js';

/** Limits of messages and of their changes. Settings of gateways and APIs. */
export interface MessageLimits {
  /** Characters of a text after an edit or an append, in UTF-16 code units. */
  readonly maxMessageLength: number;
  /** Bytes of the JSON of `data`. */
  readonly maxDataBytes: number;
  /** Mentions of one message. */
  readonly maxMentions: number;
  /** UTF-16 code units of a reaction. */
  readonly maxReactionLength: number;
  /** Different reactions of one message. */
  readonly maxReactions: number;
}

/** A refusal that both an HTTP response and an `error` frame can carry. */
export type MessageRefusal = Refusal<ErrorCode & HttpErrorCode>;

/** What a user is in a room. */
export interface RoomUser {
  readonly kind: RoomKind;
  readonly role: RoleOrNone;
}

/** An escape of JSON that PostgreSQL does not accept: U+0000, or half of a surrogate pair. */
const UNSTORABLE_ESCAPE = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/i;

/** Checks the parts of a message or of an edit. @returns undefined if the message may have them */
export function checkParts(
  { content, data, mentions }: ContentParts,
  limits: MessageLimits,
  user: RoomUser,
): MessageRefusal | undefined {
  return (
    checkText(content, content.length, limits) ??
    checkData(data, limits) ??
    checkMentions(mentions, limits, user)
  );
}

export interface ContentParts {
  readonly content: string;
  readonly data?: MessageData | undefined;
  readonly mentions?: readonly Mention[] | undefined;
}

/**
 * Checks a text that a message gets.
 * @param length length of the whole message with it, in UTF-16 code units
 */
export function checkText(text: string, length: number, limits: MessageLimits): MessageRefusal | undefined {
  if (!isStorable(text)) return new Refusal('bad_content');
  const { maxMessageLength } = limits;
  return length > maxMessageLength ? new Refusal('message_too_long', maxMessageLength) : undefined;
}

export function checkData(
  data: MessageData | undefined,
  { maxDataBytes }: MessageLimits,
): MessageRefusal | undefined {
  if (data === undefined) return undefined;
  const json = JSON.stringify(data);
  if (new TextEncoder().encode(json).length > maxDataBytes)
    return new Refusal('data_too_large', maxDataBytes);
  return UNSTORABLE_ESCAPE.test(json) ? new Refusal('bad_content') : undefined;
}

/** Also whether the user may mention all members of the room. */
export function checkMentions(
  mentions: readonly Mention[] | undefined,
  { maxMentions }: MessageLimits,
  { kind, role }: RoomUser,
): MessageRefusal | undefined {
  if (mentions === undefined) return undefined;
  if (mentions.length > maxMentions) return new Refusal('too_many_mentions', maxMentions);
  if (!mentions.includes('room')) return undefined;
  const decision = accessTo('mentionRoom', kind, role);
  if (decision === 'yes') return undefined;
  return decision === 404
    ? new Refusal('room_not_found')
    : new Refusal('role_required', leastFor('mentionRoom', kind));
}

export function checkReaction(reaction: string, limits: MessageLimits): MessageRefusal | undefined {
  if (!isStorable(reaction)) return new Refusal('bad_content');
  const { maxReactionLength } = limits;
  return reaction.length > maxReactionLength
    ? new Refusal('reaction_too_long', maxReactionLength)
    : undefined;
}

/** Checks whether a message may get a reaction. @param present its different reactions, as far as they are known */
export function checkReactions(
  reaction: string,
  present: ReadonlySet<string>,
  { maxReactions }: MessageLimits,
): MessageRefusal | undefined {
  if (present.has(reaction) || present.size < maxReactions) return undefined;
  return new Refusal('too_many_reactions', maxReactions);
}

/**
 * Checks whether a text that waited may still be published.
 * @param user whether the user was removed, banned or signed out meanwhile; and the rest of a mute, in milliseconds
 */
export function checkStanding(user: {
  readonly ended: boolean;
  readonly mutedMs: number;
}): MessageRefusal | undefined {
  if (user.ended) return new Refusal('room_not_found');
  return user.mutedMs > 0 ? new Refusal('muted', Math.ceil(user.mutedMs / 1_000)) : undefined;
}

/** Checks whether a user may change a message, by the table of access. */
export function checkChange(
  change: 'edit' | 'append' | 'delete' | 'react' | 'unreact',
  { kind, role }: RoomUser,
  isAuthor: boolean,
): MessageRefusal | undefined {
  const action = change === 'react' || change === 'unreact' ? 'react' : 'changeOwn';
  const decision = accessTo(action, kind, role);
  if (decision === 404) return new Refusal('room_not_found');
  if (decision === 403) return new Refusal('role_required', leastFor(action, kind));
  if (isAuthor || action === 'react') return undefined;
  if (change !== 'delete') return new Refusal('not_author');
  if (accessTo('deleteAny', kind, role) === 'yes') return undefined;
  const least = leastFor('deleteAny', kind);
  return least === 'never' ? new Refusal('not_author') : new Refusal('role_required', least);
}
