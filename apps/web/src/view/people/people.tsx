import type { Member, RoomMember } from '@chorus/client';
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Chat } from '../../model/chat.js';
import type { Conversation } from '../../model/conversation/conversation.js';
import { Avatar } from '../controls/avatar.js';
import { Failure } from '../controls/failure.js';
import { useAction } from '../controls/use-action.js';
import { UserName } from '../controls/user-name.js';
import { InviteDialog } from './invite-dialog.js';
import { MemberMenu } from './member-menu.js';
import { PeopleDialog } from './people-dialog.js';

/** Number of present users shown of a very full room. */
const MOST = 500;

/** The people of a room: those who are present, and its members. */
export function People({ chat, conversation }: { chat: Chat; conversation: Conversation }) {
  const present = [...conversation.members.value].sort((a, b) => a.username.localeCompare(b.username));
  return (
    <aside class="people" aria-label="People">
      <h2 id="people-here">People here</h2>
      <ul aria-labelledby="people-here">
        {present.slice(0, MOST).map((user) => (
          <Person key={user.id} chat={chat} user={user} />
        ))}
      </ul>
      {present.length > MOST && <p class="hint">and {present.length - MOST} more</p>}
      {conversation.leftReason.value === undefined && <Members chat={chat} conversation={conversation} />}
    </aside>
  );
}

const ROLES = { owner: 'owner', moderator: 'moderator', member: '' } as const;

function Person({
  chat,
  user,
  member,
  children,
}: {
  chat: Chat;
  user: Member;
  member?: RoomMember;
  children?: ComponentChildren;
}) {
  const isMuted = member?.mutedUntil != null && Date.parse(member.mutedUntil) > Date.now();
  const notes = [user.id === chat.me.id && 'you', member?.role && ROLES[member.role], isMuted && 'muted'];
  return (
    <li>
      <Avatar name={user.username} small />
      <span class="who">
        <UserName name={user.username} bot={chat.names.isBot(user.id)} as="name" />
        <span class="hint">{notes.filter(Boolean).join(', ')}</span>
      </span>
      {children}
    </li>
  );
}

function Members({ chat, conversation }: { chat: Chat; conversation: Conversation }) {
  const members = chat.membersOf(conversation.id);
  const { moderate } = chat.permissionsIn(conversation.id);
  const [asked, setAsked] = useState<'add' | 'invite'>();
  const [problem, setProblem] = useState<string>();
  useEffect(() => void members.begin(), [members]);
  const more = useAction(() => members.more());
  const state = members.state.value;
  const listed = members.members.value.filter(({ role, mutedUntil }) => role !== null || mutedUntil !== null);
  return (
    <>
      <h2 id="people-members">Members</h2>
      <Failure error={problem} />
      <ul aria-labelledby="people-members">
        {listed.map((member) => (
          <Person key={member.id} chat={chat} user={member} member={member}>
            {member.id !== chat.me.id && (
              <MemberMenu chat={chat} roomId={conversation.id} member={member} onProblem={setProblem} />
            )}
          </Person>
        ))}
      </ul>
      {state === 'failed' && <p class="hint">The members could not be read.</p>}
      {(state === 'partial' || state === 'failed') && (
        <button type="button" class="link" onClick={() => void more.run()}>
          {state === 'failed' ? 'Try again' : 'More members'}
        </button>
      )}
      {moderate && (
        <div class="people-tools">
          <button type="button" onClick={() => setAsked('add')}>
            Add people
          </button>
          <button type="button" onClick={() => setAsked('invite')}>
            Invite by link
          </button>
        </div>
      )}
      {asked === 'add' && (
        <PeopleDialog
          chat={chat}
          title="Add people"
          action="Add"
          onPeople={async (people) => {
            for (const user of people) if (members.find(user.id)?.role == null) await members.put(user);
          }}
          onClose={() => setAsked(undefined)}
        />
      )}
      {asked === 'invite' && (
        <InviteDialog chat={chat} roomId={conversation.id} onClose={() => setAsked(undefined)} />
      )}
    </>
  );
}
