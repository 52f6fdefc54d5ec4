import type { Conversation } from '../../model/conversation/conversation.js';
import { Avatar } from '../controls/avatar.js';

/** Number of members shown of a very full room. */
const MOST = 500;

/** The members in a room. */
export function People({ conversation, me }: { conversation: Conversation; me: number }) {
  const members = [...conversation.members.value].sort((a, b) => a.username.localeCompare(b.username));
  return (
    <aside class="people" aria-label="People">
      <h2 id="people-here">People here</h2>
      <ul aria-labelledby="people-here">
        {members.slice(0, MOST).map(({ id, username }) => (
          <li key={id}>
            <Avatar name={username} small />
            <bdi class="name">{username}</bdi>
            {id === me && <span class="hint">you</span>}
          </li>
        ))}
      </ul>
      {members.length > MOST && <p class="hint">and {members.length - MOST} more</p>}
    </aside>
  );
}
