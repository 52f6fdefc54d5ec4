import type { Member } from '@chorus/cluster';

/** Not those that others took the place of. */
export function running(members: readonly Member[]): readonly Member[] {
  return members.filter((member) => member.running);
}
