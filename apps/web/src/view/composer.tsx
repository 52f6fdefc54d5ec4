import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Conversation } from '../model/conversation.js';
import type { Memory } from '../model/storage.js';
import { Icon } from './icon.js';

/** Where one writes. What is written and not sent stays, room by room. */
export function Composer({ conversation, memory }: { conversation: Conversation; memory: Memory }) {
  const [text, setText] = useState(() => memory.draft(conversation.id));
  const input = useRef<HTMLTextAreaElement>(null);
  const write = (next: string): void => {
    setText(next);
    memory.keepDraft(conversation.id, next);
  };
  const send = (): void => {
    if (text.trim() === '') return;
    conversation.send(text);
    write('');
    input.current?.focus();
  };
  // As high as what is written; the style sheet sets the limit.
  useLayoutEffect(() => {
    const element = input.current;
    if (element === null) return;
    element.style.height = 'auto';
    element.style.height = `${element.scrollHeight + element.offsetHeight - element.clientHeight}px`;
  }, [text]);
  // On a screen that is touched it would bring up the keyboard.
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
        placeholder="Message"
        rows={1}
        value={text}
        enterkeyhint="send"
        onInput={({ currentTarget: { value } }) => {
          write(value);
          if (value !== '') conversation.typing();
        }}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          send();
        }}
      />
      <button
        type="submit"
        class="round primary"
        aria-label="Send"
        title="Send"
        aria-disabled={text.trim() === ''}
      >
        <Icon name="send" />
      </button>
    </form>
  );
}
