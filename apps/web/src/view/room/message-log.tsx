import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Conversation } from '../../model/conversation/conversation.js';
import { type LogWindow, shownRows } from '../../model/conversation/log-window.js';
import { unreadText } from '../../model/conversation/unread.js';
import { Icon } from '../controls/icon.js';
import { LogScroll } from './log-scroll.js';
import { LogRow } from './message-row.js';

/** Older messages are fetched when less than this is above, in pixels. */
const AHEAD = 900;

/** The messages of a room. */
export function MessageLog({ conversation }: { conversation: Conversation }) {
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
  const unread = conversation.unread.value;
  return (
    <div class="log-frame">
      {/* New messages are read out elsewhere: here, so would be old ones as they are fetched. */}
      <div
        ref={log}
        class="log"
        role="log"
        aria-label="Messages"
        aria-live="off"
        aria-busy={history === 'loading'}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it is scrolled by the keyboard
        tabIndex={0}
        onScroll={() => {
          scroll.current?.scrolled();
          look();
        }}
      >
        <div class="log-body">
          <Beginning conversation={conversation} hidden={hidden} />
          {rows.map((row) => (
            <LogRow key={row.key} row={row} conversation={conversation} />
          ))}
        </div>
      </div>
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
          {unread.count === 0
            ? 'Newest messages'
            : `${unreadText(unread)} new ${unread.count === 1 && !unread.more ? 'message' : 'messages'}`}
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
