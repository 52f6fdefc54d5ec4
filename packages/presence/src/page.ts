import type { Member } from '@chorus/protocol';

/** Returns at most `limit` members with ids above `after`, in ascending order of id. @param usernames by user id */
export function pageOf(usernames: ReadonlyMap<number, string>, after: number, limit: number): Member[] {
  const ids = [...usernames.keys()].filter((id) => id > after).sort((a, b) => a - b);
  return ids.slice(0, limit).map((id) => ({ id, username: usernames.get(id) ?? '' }));
}
