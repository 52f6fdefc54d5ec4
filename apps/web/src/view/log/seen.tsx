import { isAfter, type Receipt } from '@chorus/client';
import type { Chat } from '../../model/chat.js';
import type { Conversation } from '../../model/conversation/conversation.js';
import { isolated } from '../../model/words.js';

/** Names that are shown; of the others the number. */
const MOST = 3;

/** Who has seen the last message, besides its author; not below a message that is not sent. The line is always there, so that nothing moves. */
export function Seen({ chat, conversation }: { chat: Chat; conversation: Conversation }) {
  const last = conversation.messages.value.at(-1);
  const row = conversation.rows.value.at(-1);
  const isUnsent = row?.kind === 'message' && row.entry.message === undefined;
  const readers =
    last === undefined || isUnsent
      ? []
      : conversation.receipts.value.filter(
          ({ id, readPosition }) =>
            id !== chat.me.id &&
            id !== last.userId &&
            readPosition !== undefined &&
            !isAfter(last, readPosition),
        );
  return <p class="seen">{readers.length > 0 && `Seen by ${namesOf(readers)}`}</p>;
}

function namesOf(readers: readonly Receipt[]): string {
  const names = readers.slice(0, MOST).map(({ username }) => isolated(username));
  const rest = readers.length - names.length;
  return rest === 0 ? names.join(', ') : `${names.join(', ')} and ${rest} more`;
}
