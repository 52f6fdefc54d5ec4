import type { RoomInfo } from '@chorus/client';

/** What the page offers the user in a room. The servers decide: the table of access is in docs/reference/access.md. */
export interface Permissions {
  /** Add, remove and mute members, invite, set slow mode, delete messages of others, read reports. */
  readonly moderate: boolean;
  /** Change roles, the name and the topic, and delete the room. */
  readonly own: boolean;
  /** Mention all members. */
  readonly mentionRoom: boolean;
  /** Be no member any more. */
  readonly leave: boolean;
}

/** @param room what is known of it; undefined for nothing */
export function permissionsIn({ kind, role }: Partial<RoomInfo> = {}): Permissions {
  const isGroup = kind === 'public' || kind === 'private';
  const own = isGroup && role === 'owner';
  const moderate = own || (isGroup && role === 'moderator');
  return {
    moderate,
    own,
    mentionRoom: moderate || kind === 'private' || kind === 'direct',
    leave: isGroup && role !== null && role !== undefined,
  };
}
