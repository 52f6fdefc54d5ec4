import { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Chat } from '../../model/chat.js';
import type { Conversation } from '../../model/conversation/conversation.js';
import { roomFor } from '../../model/conversation/message-size.js';
import { mentionsIn } from '../../model/text/mentions.js';
import { timeText } from '../../model/words.js';
import { Icon } from '../controls/icon.js';
import { ComposeBanner } from './compose-banner.js';
import { MentionList } from './mention-list.js';
import { type Proposal, useCompletion } from './use-completion.js';
import { useMuted } from './use-muted.js';

/** Used until a gateway sends its limit. */
const MAX_FRAME_BYTES = 16_384;

/** The input for messages. Unsent text is kept for each room. */
export function Composer({ chat, conversation }: { chat: Chat; conversation: Conversation }) {
  const { memory } = chat;
  const { composing } = conversation;
  const [text, setText] = useState(() => memory.draft(conversation.id));
  const [caret, setCaret] = useState(0);
  /** The text of a new message, while another one is edited. */
  const draft = useRef(text);
  /** Where the caret goes after the next change of the text. */
  const nextCaret = useRef<number | undefined>(undefined);
  const input = useRef<HTMLTextAreaElement>(null);
  const countId = useId();
  const listId = useId();
  const mode = composing.mode.value;
  const connection = chat.connection.value;
  const { left, over } = roomFor(
    text,
    connection.status === 'connected' ? connection.maxFrameBytes : MAX_FRAME_BYTES,
  );
  const source = useMemo(() => chat.mentionSource(conversation), [chat, conversation]);
  const completion = useCompletion(text, caret, source);
  const isMuted = useMuted(conversation);
  const write = (next: string): void => {
    setText(next);
    // The text of an edited message is not a draft.
    if (mode.kind === 'edit') return;
    draft.current = next;
    memory.keepDraft(conversation.id, next);
  };
  const note = (proposal: Proposal | undefined): void => {
    if (proposal?.user !== undefined) chat.names.note([proposal.user]);
  };
  const send = (): void => {
    if (text.trim() === '' || over > 0 || isMuted) return;
    source.known();
    if (completion?.isWhole) note(completion.proposals[completion.active]);
    conversation.send(text, mentionsIn(text, chat.names.all(), source.room));
    if (mode.kind !== 'edit') write('');
    input.current?.focus();
  };
  const choose = (proposal: Proposal): void => {
    if (completion === undefined) return;
    note(proposal);
    nextCaret.current = completion.from + proposal.name.length + 1;
    write(`${text.slice(0, completion.from)}${proposal.name} ${text.slice(caret).replace(/^ /, '')}`);
  };
  // An edit puts the draft aside.
  const first = useRef(true);
  useLayoutEffect(() => {
    if (!first.current || mode.kind === 'edit') {
      setText(mode.kind === 'edit' ? mode.message.content : draft.current);
      if (mode.kind !== 'new') {
        nextCaret.current = Number.POSITIVE_INFINITY;
        input.current?.focus();
      }
    }
    first.current = false;
  }, [mode]);
  // The height follows the text; the style sheet sets the limit.
  useLayoutEffect(() => {
    const element = input.current;
    if (element === null) return;
    element.style.height = 'auto';
    element.style.height = `${element.scrollHeight + element.offsetHeight - element.clientHeight}px`;
    if (nextCaret.current === undefined) return;
    const at = Math.min(nextCaret.current, text.length);
    nextCaret.current = undefined;
    element.setSelectionRange(at, at);
    setCaret(at);
  }, [text, mode]);
  // On a touch screen the focus would open the keyboard.
  useEffect(() => {
    if (matchMedia('(hover: hover) and (pointer: fine)').matches) input.current?.focus();
  }, []);
  const onKey = (event: KeyboardEvent): void => {
    // Safari ends a composition before this event, which then has only the code 229.
    if (event.isComposing || event.keyCode === 229) return;
    const { key, shiftKey } = event;
    const step = { ArrowDown: 1, ArrowUp: -1 }[key];
    const proposal = completion?.proposals[completion.active];
    if (completion !== undefined && step !== undefined) completion.move(step);
    else if (
      proposal !== undefined &&
      !shiftKey &&
      (key === 'Tab' || (key === 'Enter' && !completion?.isWhole))
    )
      choose(proposal);
    else if (completion !== undefined && key === 'Escape') completion.close();
    else if (key === 'Escape' && mode.kind !== 'new') composing.end();
    else if (key === 'ArrowUp' && text === '' && mode.kind === 'new') conversation.editLast();
    else if (key === 'Enter' && !shiftKey) send();
    else return;
    event.preventDefault();
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <ComposeBanner conversation={conversation} />
      {completion !== undefined && <MentionList id={listId} completion={completion} onChoose={choose} />}
      <textarea
        ref={input}
        aria-label="Message"
        aria-invalid={over > 0}
        aria-describedby={countId}
        aria-autocomplete="list"
        aria-controls={completion && listId}
        aria-activedescendant={completion && `${listId}-${completion.active}`}
        placeholder="Message"
        rows={1}
        value={text}
        enterkeyhint="send"
        onInput={({ currentTarget: { value, selectionStart } }) => {
          write(value);
          setCaret(selectionStart);
          if (value !== '') conversation.typing();
        }}
        onSelect={({ currentTarget: { selectionStart } }) => setCaret(selectionStart)}
        onBlur={() => completion?.close()}
        onKeyDown={onKey}
      />
      <span id={countId} class={over > 0 ? 'count over' : 'count'} role="status">
        {over > 0
          ? `${over} too many`
          : isMuted
            ? `Muted until ${timeText(conversation.mutedUntil.value)}`
            : left}
      </span>
      <button
        type="submit"
        class="round primary"
        aria-label={mode.kind === 'edit' ? 'Save' : 'Send'}
        title={mode.kind === 'edit' ? 'Save' : 'Send'}
        aria-disabled={text.trim() === '' || over > 0 || isMuted}
      >
        <Icon name={mode.kind === 'edit' ? 'check' : 'send'} />
      </button>
    </form>
  );
}
