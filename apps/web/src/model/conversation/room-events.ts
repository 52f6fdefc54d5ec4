import type { Change, Member, Position, RoomInfo } from '@chorus/client';
import { isolated } from '../words.js';

/** A change of the members or of the room, as a line of the log. */
export interface RoomEvent extends Position {
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

const ROLES = { owner: 'an owner', moderator: 'a moderator', member: 'a member' } as const;

/**
 * Returns the lines about changes, oldest first; the log has none about some of them.
 * @param kind of the room; undefined if it is not known yet
 */
export function roomEvents(
  changes: readonly Change[],
  me: Member,
  kind: RoomInfo['kind'] | undefined,
): RoomEvent[] {
  return changes.flatMap((change) => {
    // Every user may come and go in a public room, which is not worth a line.
    if (change.change === 'erased' || (kind !== 'private' && isOwnMove(change))) return [];
    const text = textOf(change, me);
    const { epoch, seq, sentAt: at } = change;
    return text === undefined ? [] : { epoch, seq, at, text };
  });
}

/** Whether a user joined or left without another user. */
function isOwnMove(change: Change): boolean {
  return (
    (change.change === 'member-added' || change.change === 'member-removed') &&
    change.userId === change.member.id
  );
}

function textOf(change: Change, me: Member): string | undefined {
  const name = ({ id, username }: Member): string => (id === me.id ? 'you' : isolated(username));
  const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
  switch (change.change) {
    case 'member-added': {
      const { member, userId, username } = change;
      const by = name({ id: userId, username });
      return sentence(userId === member.id ? `${by} joined` : `${by} added ${name(member)}`);
    }
    case 'member-removed': {
      const { member, userId, username } = change;
      const by = name({ id: userId, username });
      return sentence(userId === member.id ? `${by} left` : `${by} removed ${name(member)}`);
    }
    case 'member-changed': {
      const { member, role, mutedUntil, userId, username } = change;
      const by = name({ id: userId, username });
      if (role !== undefined) {
        const self = `${by} ${userId === me.id ? 'are' : 'is'} ${ROLES[role]} now`;
        return sentence(userId === member.id ? self : `${by} made ${name(member)} ${ROLES[role]}`);
      }
      if (mutedUntil === undefined) return undefined;
      return sentence(`${by} ${mutedUntil === null ? 'unmuted' : 'muted'} ${name(member)}`);
    }
    case 'room-changed': {
      const { userId, username, name: title, topic, slowModeSeconds } = change;
      const by = name({ id: userId, username });
      const parts = [
        title !== undefined && `renamed the room to ${isolated(title)}`,
        topic !== undefined && 'changed the topic',
        slowModeSeconds !== undefined &&
          (slowModeSeconds === 0 ? 'ended slow mode' : `set slow mode to ${slowModeSeconds} s`),
      ].filter((part) => part !== false);
      return parts.length === 0 ? undefined : sentence(`${by} ${parts.join(' and ')}`);
    }
    default:
      return undefined;
  }
}
