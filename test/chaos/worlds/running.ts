import type { Member } from '@chorus/cluster';

/** Without members that were replaced. */
export function running(members: readonly Member[]): readonly Member[] {
  return members.filter((member) => member.running);
}
