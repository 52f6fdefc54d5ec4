import type { CurrentMessage, Member } from '@chorus/client';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Chat } from '../../model/chat.js';
import type { Conversation } from '../../model/conversation/conversation.js';
import { hashOfRoom } from '../../model/route.js';
import { leftText, typing } from '../../model/words.js';
import { Composer } from '../composer/composer.js';
import { Icon } from '../controls/icon.js';
import { MessageDialog } from '../log/message-dialogs.js';
import { MessageLog } from '../log/message-log.js';
import type { MessageQuestion } from '../log/message-menu.js';
import { People } from '../people/people.js';
import { closeRoom, RoomMenu } from './room-menu.js';

/** Screens on which the style sheet lays the list of members over the messages. */
const COVERING = '(max-width: 62rem)';

/** The room in view. */
export function Room({ chat, conversation }: { chat: Chat; conversation: Conversation }) {
  const [withPeople, setWithPeople] = usePeople();
  const heading = useRef<HTMLHeadingElement>(null);
  const [asked, setAsked] = useState<{ question: MessageQuestion; message: CurrentMessage }>();
  useEffect(() => conversation.watchMembers(), [conversation]);
  // If no other element gets the focus, the heading gets it.
  useEffect(() => {
    if (document.activeElement === document.body || document.activeElement?.closest('.rooms') != null) {
      heading.current?.focus({ preventScroll: true });
    }
  }, []);
  const name = conversation.name.value;
  const topic = chat.infoOf(conversation.id)?.topic ?? '';
  const leftReason = conversation.leftReason.value;
  const found = leftReason !== 'room_not_found';
  return (
    <main class={withPeople ? 'room with-people' : 'room'}>
      <header class="room-header">
        <a
          class="round back"
          aria-label={withPeople ? 'Close people' : 'Back to rooms'}
          href={hashOfRoom(undefined)}
          onClick={(event) => {
            if (!withPeople) return;
            event.preventDefault();
            setWithPeople(false);
          }}
        >
          <Icon name="back" />
        </a>
        <div class="room-title">
          <h1 ref={heading} tabIndex={-1}>
            <bdi>{name}</bdi>
          </h1>
          {topic !== '' && (
            <p class="topic" dir="auto" title={topic}>
              {topic}
            </p>
          )}
        </div>
        <button
          type="button"
          class="round wide"
          title="Who is here"
          aria-expanded={withPeople}
          onClick={() => setWithPeople(!withPeople)}
        >
          <Icon name="people" />
          <span class="hidden">People</span>
          {conversation.members.value.length || ''}
        </button>
        {leftReason === undefined && <RoomMenu chat={chat} conversation={conversation} />}
      </header>
      {found && (
        <MessageLog
          chat={chat}
          conversation={conversation}
          onAsk={(question, message) => setAsked({ question, message })}
          onLeave={() => (document.querySelector<HTMLElement>('main textarea') ?? heading.current)?.focus()}
        />
      )}
      <p class="typing" role="status" aria-label="Typing">
        <Typing typists={conversation.typists.value} />
      </p>
      {leftReason === undefined ? (
        <Composer chat={chat} conversation={conversation} />
      ) : (
        <div class={found ? 'gone' : 'gone alone'}>
          <p role="alert">{leftText(leftReason)}</p>
          <button type="button" onClick={() => closeRoom(chat, conversation.id)}>
            {found ? 'Close room' : 'Back to rooms'}
          </button>
        </div>
      )}
      {asked !== undefined && (
        <MessageDialog
          chat={chat}
          conversation={conversation}
          {...asked}
          onClose={() => setAsked(undefined)}
        />
      )}
      {withPeople && <People chat={chat} conversation={conversation} />}
    </main>
  );
}

/**
 * Whether the members are shown. On a screen where they cover the messages they are an entry of the browser's
 * history: going back closes them and stays in the room.
 */
function usePeople(): [boolean, (shown: boolean) => void] {
  const [shown, setShown] = useState(() => matchMedia('(min-width: 70rem)').matches);
  const pushed = useRef(false);
  useEffect(() => {
    const onBack = (): void => {
      if (!pushed.current) return;
      pushed.current = false;
      setShown(false);
    };
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === 'Escape' && pushed.current) history.back();
    };
    const media = matchMedia(COVERING);
    const onSize = (): void => {
      // A dialog may belong to them.
      if (media.matches && !pushed.current && document.querySelector('dialog') === null) setShown(false);
    };
    addEventListener('popstate', onBack);
    addEventListener('keydown', onKey);
    media.addEventListener('change', onSize);
    return () => {
      media.removeEventListener('change', onSize);
      removeEventListener('popstate', onBack);
      removeEventListener('keydown', onKey);
    };
  }, []);
  const show = (next: boolean): void => {
    if (!next && pushed.current) {
      history.back();
      return;
    }
    if (next && matchMedia(COVERING).matches) {
      history.pushState(null, '');
      pushed.current = true;
    }
    setShown(next);
  };
  return [shown, show];
}

function Typing({ typists }: { typists: readonly Member[] }) {
  const { names, rest } = typing(typists);
  return (
    <>
      {names.map((name, index) => (
        <>
          {index > 0 && ' and '}
          <bdi>{name}</bdi>
        </>
      ))}
      {rest}
    </>
  );
}
