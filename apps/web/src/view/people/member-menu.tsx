import { ChorusError, type RoomMember, type RoomRole } from '@chorus/client';
import type { Chat } from '../../model/chat.js';
import { isolated } from '../../model/words.js';
import { Menu } from '../controls/menu.js';
import { textOf } from '../controls/use-action.js';

/** How long a user can be muted, in seconds. */
export const MUTES = [
  [600, '10 minutes'],
  [3_600, 'an hour'],
  [86_400, 'a day'],
] as const;

const ROLES: ReadonlyArray<readonly [role: RoomRole, name: string]> = [
  ['owner', 'Make owner'],
  ['moderator', 'Make moderator'],
  ['member', 'Make member'],
];

/** What the user can do about another member. */
export function MemberMenu({
  chat,
  roomId,
  member,
  onProblem,
}: {
  chat: Chat;
  roomId: number;
  member: RoomMember;
  onProblem: (problem: string | undefined) => void;
}) {
  const members = chat.membersOf(roomId);
  const { own, moderate } = chat.permissionsIn(roomId);
  const { role } = member;
  const mayAct = own || (moderate && role !== 'owner' && role !== 'moderator');
  const isMuted = member.mutedUntil !== null && Date.parse(member.mutedUntil) > Date.now();
  const item = (name: string, action: () => Promise<unknown>) => (
    <button
      key={name}
      type="button"
      onClick={() => {
        onProblem(undefined);
        action().catch((error: unknown) => onProblem(textOf(error)));
      }}
    >
      {name}
    </button>
  );
  return (
    <Menu label={`Menu of ${isolated(member.username)}`}>
      {item('Message', () => chat.openDirect(member))}
      {own &&
        role !== null &&
        ROLES.filter(([each]) => each !== role).map(([each, name]) =>
          item(name, () => members.put(member, each)),
        )}
      {mayAct && isMuted && item('Unmute', () => members.mute(member, 0))}
      {mayAct &&
        !isMuted &&
        MUTES.map(([seconds, name]) => item(`Mute for ${name}`, () => members.mute(member, seconds)))}
      {mayAct &&
        role !== null &&
        item('Remove from room', () =>
          members.remove(member).catch((error: unknown) => {
            if (!(error instanceof ChorusError) || error.code !== 'member_not_found') throw error;
          }),
        )}
    </Menu>
  );
}
