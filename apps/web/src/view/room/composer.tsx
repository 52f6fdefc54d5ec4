import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Chat } from '../../model/chat.js';
import type { Conversation } from '../../model/conversation/conversation.js';
import { roomFor } from '../../model/conversation/message-size.js';
import { Icon } from '../controls/icon.js';

/** Used until a gateway sends its limit. */
const MAX_FRAME_BYTES = 16_384;

/** The input for messages. Unsent text is kept for each room. */
export function Composer({ chat, conversation }: { chat: Chat; conversation: Conversation }) {
  const { memory } = chat;
  const [text, setText] = useState(() => memory.draft(conversation.id));
  const input = useRef<HTMLTextAreaElement>(null);
  const countId = useId();
  const connection = chat.connection.value;
  const { left, over } = roomFor(
    text,
    connection.status === 'connected' ? connection.maxFrameBytes : MAX_FRAME_BYTES,
  );
  const write = (next: string): void => {
    setText(next);
    memory.keepDraft(conversation.id, next);
  };
  const send = (): void => {
    if (text.trim() === '' || over > 0) return;
    conversation.send(text);
    write('');
    input.current?.focus();
  };
  // The height follows the text; the style sheet sets the limit.
  useLayoutEffect(() => {
    const element = input.current;
    if (element === null) return;
    element.style.height = 'auto';
    element.style.height = `${element.scrollHeight + element.offsetHeight - element.clientHeight}px`;
  }, [text]);
  // On a touch screen the focus would open the keyboard.
  useEffect(() => {
    if (matchMedia('(hover: hover) and (pointer: fine)').matches) input.current?.focus();
  }, []);
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        ref={input}
        aria-label="Message"
        aria-invalid={over > 0}
        aria-describedby={countId}
        placeholder="Message"
        rows={1}
        value={text}
        enterkeyhint="send"
        onInput={({ currentTarget: { value } }) => {
          write(value);
          if (value !== '') conversation.typing();
        }}
        onKeyDown={(event) => {
          // Safari ends a composition before this event, which then has only the code 229.
          const composing = event.isComposing || event.keyCode === 229;
          if (event.key !== 'Enter' || event.shiftKey || composing) return;
          event.preventDefault();
          send();
        }}
      />
      <span id={countId} class={over > 0 ? 'count over' : 'count'} role="status">
        {over > 0 ? `${over} too many` : left}
      </span>
      <button
        type="submit"
        class="round primary"
        aria-label="Send"
        title="Send"
        aria-disabled={text.trim() === '' || over > 0}
      >
        <Icon name="send" />
      </button>
    </form>
  );
}
