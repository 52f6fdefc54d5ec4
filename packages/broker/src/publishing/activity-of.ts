import { isChangeBody } from '@chorus/protocol';
import type { Activity, Mentioning } from '../activity.js';
import type { Position } from '../broker.js';

interface Entry {
  readonly change?: unknown;
  readonly userId?: unknown;
  readonly mentions?: unknown;
  readonly member?: { readonly id?: unknown };
  readonly n?: unknown;
}

/**
 * News that an entry is for the members of its room; undefined for an entry that is none. `publish.lua` decides the same.
 *
 * @param n ordinal of the last message up to the entry
 * @param followed whether the room has members: in a room without, only changes of members are news
 */
export function activityOf(
  roomId: number,
  { epoch, seq }: Position,
  body: string,
  n: number,
  followed: boolean,
): Activity | undefined {
  const isChange = isChangeBody(body);
  if (!followed && !isChange) return undefined;
  const { change, userId, mentions, member, n: target } = parse(body);
  const sender = typeof userId === 'number' ? [{ userId, n }] : [];
  if (!isChange) {
    const mentioned = Array.isArray(mentions) && mentions.length > 0 && typeof userId === 'number';
    const mentioning = mentioned ? [mentioningOf(userId, mentions)] : [];
    return { kind: 'messages', roomId, epoch, seq, n, count: 1, senders: sender, mentions: mentioning };
  }
  switch (change) {
    case 'member-added':
    case 'member-removed':
      return { kind: change === 'member-added' ? 'added' : 'removed', roomId, userId: Number(member?.id) };
    case 'deleted':
      return followed ? { kind: 'deleted', roomId, epoch, seq, n, deleted: Number(target) } : undefined;
  }
  return undefined;
}

function mentioningOf(by: number, mentions: readonly unknown[]): Mentioning {
  const users = mentions.filter((mention) => typeof mention === 'number');
  return { by, users, room: mentions.includes('room') };
}

/** An entry that no gateway wrote has no fields. */
function parse(body: string): Entry {
  try {
    return JSON.parse(`{${body}`);
  } catch {
    return {};
  }
}
