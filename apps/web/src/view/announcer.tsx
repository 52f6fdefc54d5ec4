import type { Chat } from '../model/chat.js';
import { excerptOf } from '../model/text/markdown.js';
import { isolated } from '../model/words.js';

/** Announces others' messages of the room in view to screen readers. */
export function Announcer({ chat }: { chat: Chat }) {
  const message = chat.current.value?.latest.value;
  const text =
    message === undefined || message.userId === chat.me.id
      ? ''
      : `${isolated(message.username)}: ${excerptOf(message.content, 1_000)}`;
  return (
    <div class="hidden" aria-live="polite" data-announcer>
      {text}
    </div>
  );
}
