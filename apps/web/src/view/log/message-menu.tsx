import type { CurrentMessage } from '@chorus/client';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import type { Chat } from '../../model/chat.js';
import type { Conversation } from '../../model/conversation/conversation.js';
import { REACTIONS } from '../../model/conversation/message-actions.js';
import { hashOfRoom } from '../../model/route.js';
import { moveFocus } from '../controls/move-focus.js';

/** What is asked before it is done to a message. */
export type MessageQuestion = 'delete' | 'report';

export interface MessageMenuProps {
  chat: Chat;
  conversation: Conversation;
  message: CurrentMessage;
  /** The button of the message that has opened the menu. */
  button: HTMLElement;
  onAsk: (question: MessageQuestion, message: CurrentMessage) => void;
  onClose: () => void;
}

/** Distance from the edges of the log, in pixels. */
const MARGIN = 8;

/** What can be done with a message. One menu for the whole log, beside the button of the message. */
export function MessageMenu({ chat, conversation, message, button, onAsk, onClose }: MessageMenuProps) {
  const menu = useRef<HTMLDivElement>(null);
  const own = message.userId === chat.me.id;
  const author = { id: message.userId, username: message.username };
  const { moderate } = chat.permissionsIn(conversation.id);
  useLayoutEffect(() => {
    if (menu.current !== null) place(menu.current, button);
    menu.current?.querySelector('button')?.focus({ preventScroll: true });
    button.setAttribute('aria-expanded', 'true');
    return () => button.setAttribute('aria-expanded', 'false');
  }, [button]);
  useEffect(() => {
    const onElsewhere = ({ target }: Event): void => {
      if (target instanceof Node && menu.current?.contains(target) !== true && !button.contains(target))
        onClose();
    };
    for (const type of ['pointerdown', 'focusin']) document.addEventListener(type, onElsewhere);
    return () => {
      for (const type of ['pointerdown', 'focusin']) document.removeEventListener(type, onElsewhere);
    };
  }, [button, onClose]);
  const close = (): void => {
    onClose();
    button.focus({ preventScroll: true });
  };
  const item = (name: string, action: () => void) => (
    <button
      type="button"
      onClick={() => {
        close();
        action();
      }}
    >
      {name}
    </button>
  );
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms
    <div
      ref={menu}
      class="menu-items message-menu"
      role="group"
      aria-label="Message menu"
      onKeyDown={(event) => {
        if (event.key === 'Escape') close();
        else moveFocus(event, menu.current, 'button', true);
        // The log has keys of its own.
        event.stopPropagation();
      }}
    >
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms */}
      <div class="react" role="group" aria-label="React">
        {REACTIONS.map(([reaction, name]) => (
          <button
            key={reaction}
            type="button"
            aria-label={name}
            title={name}
            aria-pressed={message.reactions.some(
              (each) => each.reaction === reaction && each.users.includes(chat.me.id),
            )}
            onClick={() => {
              close();
              conversation.actions.toggleReaction(message, reaction);
            }}
          >
            {reaction}
          </button>
        ))}
      </div>
      {item('Reply', () => conversation.composing.reply(message))}
      {navigator.clipboard !== undefined &&
        item('Copy text', () => void navigator.clipboard.writeText(message.content).catch(() => {}))}
      {own && item('Edit', () => conversation.composing.edit(message))}
      {(own || moderate) && item('Delete', () => onAsk('delete', message))}
      {!own &&
        item('Message the author', () => {
          conversation.actions.try('The conversation was not opened', chat.openDirect(author));
        })}
      {!own &&
        moderate &&
        item('Mute the author for an hour', () => {
          conversation.actions.try(
            'The author was not muted',
            chat.membersOf(conversation.id).mute(author, 3_600),
          );
        })}
      {!own &&
        item('Mark as unread', () => {
          chat.mine.markUnread(conversation.id, message);
          // In view it would be read again at once.
          location.hash = hashOfRoom(undefined);
        })}
      {!own && item('Report', () => onAsk('report', message))}
    </div>
  );
}

/** Puts the menu below its button, or above it where there is no space, inside of the visible part of the log. */
function place(menu: HTMLElement, button: HTMLElement): void {
  const log = menu.parentElement;
  if (log === null) return;
  const frame = log.getBoundingClientRect();
  const { top, bottom, left, right } = button.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  const below = bottom + height + MARGIN <= frame.bottom;
  const wantedTop = (below ? bottom : top - height) - frame.top;
  const wantedLeft = (left - frame.left > frame.width / 2 ? right - width : left) - frame.left;
  const within = (wanted: number, most: number): number => Math.max(MARGIN, Math.min(wanted, most - MARGIN));
  menu.style.top = `${within(wantedTop, frame.height - height)}px`;
  menu.style.left = `${within(wantedLeft, frame.width - width)}px`;
}
