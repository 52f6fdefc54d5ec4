import { useEffect, useRef, useState } from 'preact/hooks';
import type { Chat } from '../model/chat.js';
import type { Conversation } from '../model/conversation.js';
import { hashOfRoom } from '../model/route.js';
import { leftText, typingText } from '../model/words.js';
import { Composer } from './composer.js';
import { Icon } from './icon.js';
import { Menu } from './menu.js';
import { MessageLog } from './message-log.js';
import { People } from './people.js';
import { DeleteRoomDialog, RoomNameDialog } from './room-dialogs.js';

/** A room that is looked at. */
export function Room({ chat, conversation }: { chat: Chat; conversation: Conversation }) {
  const [withPeople, setWithPeople] = useState(() => matchMedia('(min-width: 70rem)').matches);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => conversation.watchMembers(), [conversation]);
  // Whoever does not get to the line to write in gets here.
  useEffect(() => {
    if (document.activeElement === document.body || document.activeElement?.closest('.rooms') != null) {
      heading.current?.focus({ preventScroll: true });
    }
  }, []);
  const name = conversation.name.value;
  const leftReason = conversation.leftReason.value;
  return (
    <main class={withPeople ? 'room with-people' : 'room'}>
      <header class="room-header">
        <a class="round back" aria-label="Back to rooms" href={hashOfRoom(undefined)}>
          <Icon name="back" />
        </a>
        <h1 ref={heading} tabIndex={-1}>
          <bdi>{name}</bdi>
        </h1>
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
        <RoomMenu chat={chat} roomId={conversation.id} name={name} />
      </header>
      <MessageLog conversation={conversation} />
      <p class="typing" role="status" aria-label="Typing">
        {typingText(conversation.typists.value)}
      </p>
      {leftReason === undefined ? (
        <Composer conversation={conversation} memory={chat.memory} />
      ) : (
        <p class="gone" role="alert">
          {leftText(leftReason)}
        </p>
      )}
      {withPeople && <People conversation={conversation} me={chat.me.id} />}
    </main>
  );
}

function RoomMenu({ chat, roomId, name }: { chat: Chat; roomId: number; name: string }) {
  const [asked, setAsked] = useState<'rename' | 'delete'>();
  const isMine = chat.rooms.rooms.value.get(roomId)?.createdBy === chat.me.id;
  const leave = (): void => {
    chat.leave(roomId);
    location.hash = hashOfRoom(undefined);
  };
  return (
    <>
      <Menu label="Room menu">
        {isMine && (
          <button type="button" onClick={() => setAsked('rename')}>
            Rename room
          </button>
        )}
        {isMine && (
          <button type="button" onClick={() => setAsked('delete')}>
            Delete room
          </button>
        )}
        <button type="button" onClick={leave}>
          Leave room
        </button>
      </Menu>
      {asked === 'rename' && (
        <RoomNameDialog
          title="Rename room"
          action="Rename"
          name={name}
          onName={(next) => chat.rooms.rename(roomId, next)}
          onClose={() => setAsked(undefined)}
        />
      )}
      {asked === 'delete' && (
        <DeleteRoomDialog
          name={name}
          onDelete={async () => {
            await chat.rooms.delete(roomId);
            leave();
          }}
          onClose={() => setAsked(undefined)}
        />
      )}
    </>
  );
}
