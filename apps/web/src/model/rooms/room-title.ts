import type { Member, RoomInfo } from '@chorus/client';

/** Returns the name of a room as the user sees it: a direct room is named after the others. */
export function roomTitle({ name = '', kind }: Partial<RoomInfo>, { username }: Member): string {
  if (kind !== 'direct') return name;
  if (name.startsWith(`${username}, `)) return name.slice(username.length + 2);
  if (name.endsWith(`, ${username}`)) return name.slice(0, -username.length - 2);
  return name.replace(`, ${username}, `, ', ');
}
