import type { CurrentMessage } from '@chorus/client';
import { useCallback, useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Chat } from '../../model/chat.js';
import type { Conversation } from '../../model/conversation/conversation.js';
import { type LogWindow, shownRows } from '../../model/conversation/log-window.js';
import { Icon } from '../controls/icon.js';
import { onLogFocus, onLogKey } from './log-keys.js';
import { LogScroll } from './log-scroll.js';
import { MessageMenu, type MessageQuestion } from './message-menu.js';
import { LogRow } from './message-row.js';
import { Seen } from './seen.js';

/** Older messages are fetched when less than this is above, in pixels. */
const AHEAD = 900;

export interface MessageLogProps {
  chat: Chat;
  conversation: Conversation;
  /** Called before something is done to a message that must be confirmed. */
  onAsk: (question: MessageQuestion, message: CurrentMessage) => void;
  /** The user leaves the log with the keyboard. */
  onLeave: () => void;
}

/** The messages of a room. */
export function MessageLog({ chat, conversation, onAsk, onLeave }: MessageLogProps) {
  const log = useRef<HTMLDivElement>(null);
  const scroll = useRef<LogScroll | undefined>(undefined);
  const shown = useRef<LogWindow>({ from: undefined });
  const placed = useRef(false);
  const [atEnd, setAtEnd] = useState(true);
  const [, again] = useState(0);

  const all = conversation.rows.value;
  const history = conversation.history.value;
  const rows = shownRows(all, shown.current, atEnd);
  const hidden = all.length - rows.length;

  const look = (): void => {
    const here = scroll.current;
    if (here === undefined) return;
    setAtEnd(here.atEnd);
    conversation.watch(here.atEnd && document.visibilityState === 'visible');
    if (here.above > AHEAD && here.isFilled) return;
    if (hidden > 0 && !here.atEnd) {
      shown.current = { from: undefined, more: rows.length };
      again((times) => times + 1);
    } else if (conversation.history.value === 'idle') void conversation.readOlder();
  };
  const current = useRef(look);
  current.current = look;

  useLayoutEffect(() => {
    if (log.current === null) return;
    const here = new LogScroll(log.current);
    scroll.current = here;
    const onChange = (): void => current.current();
    const observer = new ResizeObserver(() => {
      here.keep();
      onChange();
    });
    observer.observe(log.current);
    document.addEventListener('visibilitychange', onChange);
    return () => {
      observer.disconnect();
      document.removeEventListener('visibilitychange', onChange);
      conversation.watch(false);
    };
  }, [conversation]);

  // After each change, before it is painted.
  useLayoutEffect(() => {
    const here = scroll.current;
    const unread = log.current?.querySelector<HTMLElement>('[data-unread]');
    if (here === undefined) return;
    if (!placed.current && rows.length > 0) {
      placed.current = true;
      if (unread) return here.toLine(unread);
    }
    here.keep();
  }, [rows, history]);
  useEffect(() => current.current(), [rows, history]);

  const toEnd = (): void => {
    scroll.current?.toEnd();
    look();
  };
  const written = conversation.written.value;
  useLayoutEffect(() => {
    if (written > 0) toEnd();
  }, [written]);

  // A jump to a message: first its line must be shown, then the log scrolls to it.
  const target = conversation.target.value;
  const jumped = useRef(target);
  const requested = useRef(target);
  useLayoutEffect(() => {
    if (target === undefined || jumped.current === target || log.current === null) return;
    const line = log.current.querySelector<HTMLElement>(`[data-key="${CSS.escape(target.key)}"]`);
    if (line === null) {
      const index = all.findIndex(({ key }) => key === target.key);
      if (index < 0 || requested.current === target) return;
      requested.current = target;
      scroll.current?.leaveEnd();
      shown.current = { from: undefined, more: all.length - index };
      setAtEnd(false);
      again((times) => times + 1);
      return;
    }
    jumped.current = target;
    scroll.current?.toLine(line);
    look();
    line.focus({ preventScroll: true });
    line.classList.remove('found');
    requestAnimationFrame(() => line.classList.add('found'));
  });

  const [menu, setMenu] = useState<{ readonly key: string; readonly button: HTMLElement }>();
  const closeMenu = useCallback(() => setMenu(undefined), []);
  const chosen = menu && all.find(({ key }) => key === menu.key);
  const message = chosen?.kind === 'message' ? chosen.entry.message : undefined;
  const hint = useId();
  const unread = conversation.unread.value;
  return (
    <div class="log-frame">
      {/* New messages are read out elsewhere: here, so would be old ones as they are fetched. */}
      <div
        ref={log}
        class="log"
        role="log"
        aria-label="Messages"
        aria-describedby={hint}
        aria-live="off"
        aria-busy={history === 'loading'}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it is scrolled by the keyboard
        tabIndex={0}
        onScroll={() => {
          scroll.current?.scrolled();
          look();
        }}
        onFocusIn={onLogFocus}
        onKeyDown={(event) => onLogKey(event, event.currentTarget, onLeave)}
        onClick={({ target }) => {
          const button = target instanceof Element ? target.closest<HTMLElement>('.more') : null;
          const key = button?.closest<HTMLElement>('article')?.dataset.key;
          if (button === null || key === undefined) return;
          setMenu(menu?.button === button ? undefined : { key, button });
        }}
      >
        <div class="log-body">
          <Beginning conversation={conversation} hidden={hidden} />
          {rows.map((row) => (
            <LogRow key={row.key} row={row} chat={chat} conversation={conversation} />
          ))}
          <Seen chat={chat} conversation={conversation} />
        </div>
      </div>
      <p id={hint} hidden>
        Enter goes to the messages, the arrow keys move between them.
      </p>
      {menu !== undefined && message !== undefined && message.deleted === undefined && (
        <MessageMenu
          key={menu.key}
          chat={chat}
          conversation={conversation}
          message={message}
          button={menu.button}
          onAsk={onAsk}
          onClose={closeMenu}
        />
      )}
      {!atEnd && (
        <button
          type="button"
          class="to-end"
          onClick={() => {
            toEnd();
            log.current?.focus();
          }}
        >
          <Icon name="down" />
          {unread === 0 ? 'Newest messages' : `${unread} new ${unread === 1 ? 'message' : 'messages'}`}
        </button>
      )}
    </div>
  );
}

function Beginning({ conversation, hidden }: { conversation: Conversation; hidden: number }) {
  const history = conversation.history.value;
  // For a deleted room the bar below shows everything.
  if (hidden > 0 || conversation.leftReason.value !== undefined) return <p class="beginning" />;
  switch (history) {
    case 'loading':
      return <p class="beginning">Reading older messages…</p>;
    case 'failed':
      return (
        <p class="beginning">
          Older messages could not be read.{' '}
          <button type="button" class="link" onClick={() => void conversation.readOlder()}>
            Try again
          </button>
        </p>
      );
    case 'complete':
      return (
        <p class="beginning">
          {conversation.messages.value.length === 0
            ? 'Nothing has been said here yet.'
            : 'This is where it begins.'}
        </p>
      );
    case 'idle':
      return <p class="beginning" />;
  }
}
