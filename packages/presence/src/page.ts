import type { Member } from '@chorus/protocol';

/** Members by ascending id, after `after`, at most `limit`, from user names by id. */
export function pageOf(usernames: ReadonlyMap<number, string>, after: number, limit: number): Member[] {
  const ids = [...usernames.keys()].filter((id) => id > after).sort((a, b) => a - b);
  return ids.slice(0, limit).map((id) => ({ id, username: usernames.get(id) ?? '' }));
}
