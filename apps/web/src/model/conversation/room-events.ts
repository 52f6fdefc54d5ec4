import type { Change, Member, Position } from '@chorus/client';
import { isolated } from '../words.js';

/** A change of the members or of the room, as a line of the log. */
export interface RoomEvent extends Position {
  readonly text: string;
}

const ROLES = { owner: 'an owner', moderator: 'a moderator', member: 'a member' } as const;

/**
 * Returns the line about a change; undefined if the log has none about it.
 * @param isPublic whether every user may come and go, which is not worth a line
 */
export function roomEventOf(change: Change, me: Member, isPublic: boolean): RoomEvent | undefined {
  if (isPublic && 'member' in change && change.userId === change.member.id) return undefined;
  const text = textOf(change, me);
  return text === undefined ? undefined : { epoch: change.epoch, seq: change.seq, text };
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
      if (role !== undefined) return sentence(`${by} made ${name(member)} ${ROLES[role]}`);
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
