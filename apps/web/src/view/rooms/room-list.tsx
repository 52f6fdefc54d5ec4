import type { RoomInfo } from '@chorus/client';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Chat } from '../../model/chat.js';
import { unreadText } from '../../model/conversation/unread.js';
import { roomTitle } from '../../model/rooms/room-title.js';
import { hashOfRoom } from '../../model/route.js';
import { Icon } from '../controls/icon.js';
import { moveFocus } from '../controls/move-focus.js';
import { PeopleDialog } from '../people/people-dialog.js';
import { NewRoomDialog } from './new-room-dialog.js';

/** Number of closed rooms that are shown; a button shows more. */
const SHOWN = 200;

/** The rooms: first the open ones, most recent message on top, then all others by name. */
export function RoomList({ chat }: { chat: Chat }) {
  const { rooms } = chat;
  const [asked, setAsked] = useState<'room' | 'message'>();
  const [shown, setShown] = useState(SHOWN);
  const filtered = rooms.filter.value !== '';
  const list = useRef<HTMLUListElement>(null);
  const search = useRef<HTMLInputElement>(null);
  useSearchKey(search);
  // Rooms that have not been read yet may match too.
  useEffect(() => {
    if (filtered) void rooms.all(() => rooms.filter.value !== '');
  }, [filtered, rooms]);

  const open = [...chat.open.value.values()];
  const fits = new Set(rooms.found.value.map(({ id }) => id));
  const opened = open
    .filter(({ id, status }) => status.value !== 'left' && (!filtered || fits.has(id)))
    .sort((a, b) => b.lastAt.value - a.lastAt.value);
  const others = rooms.found.value.filter(
    ({ id }) => (chat.open.value.get(id)?.status.value ?? 'left') === 'left',
  );
  const state = rooms.state.value;
  const more = state === 'partial' || others.length > shown;

  return (
    <nav class="rooms" aria-label="Rooms">
      <div class="rooms-tools">
        <div class="search">
          <Icon name="search" />
          <input
            ref={search}
            type="search"
            aria-label="Find a room"
            aria-keyshortcuts="Control+K Meta+K"
            placeholder="Find a room"
            value={rooms.filter.value}
            onInput={(event) => {
              rooms.filter.value = event.currentTarget.value;
            }}
            onKeyDown={(event) => {
              if (event.key === 'ArrowDown') moveFocus(event, list.current, 'a');
            }}
          />
        </div>
        <button
          type="button"
          class="round"
          aria-label="Refresh rooms"
          title="Refresh"
          onClick={() => chat.refresh()}
        >
          <Icon name="refresh" />
        </button>
        <button
          type="button"
          class="round"
          aria-label="New message"
          title="New message"
          onClick={() => setAsked('message')}
        >
          <Icon name="write" />
        </button>
        <button
          type="button"
          class="round primary"
          aria-label="New room"
          title="New room"
          onClick={() => setAsked('room')}
        >
          <Icon name="add" />
        </button>
      </div>
      <ul ref={list} aria-label="Rooms" onKeyDown={(event) => moveFocus(event, list.current, 'a')}>
        {opened.map((conversation) => (
          <RoomLink
            key={conversation.id}
            id={conversation.id}
            name={conversation.name.value}
            kind={chat.infoOf(conversation.id)?.kind}
            open
            current={chat.currentId.value === conversation.id}
            unread={unreadText(conversation.unread.value)}
          />
        ))}
        {others.slice(0, shown).map((room, index) => (
          <RoomLink
            key={room.id}
            id={room.id}
            name={roomTitle(room, chat.me)}
            kind={room.kind}
            divided={index === 0 && opened.length > 0}
          />
        ))}
      </ul>
      {opened.length + others.length === 0 && <Nothing state={state} filtered={filtered} />}
      {state === 'failed' && <p class="hint">The rooms could not be read.</p>}
      {more && (
        <button
          type="button"
          class="link"
          onClick={() => {
            setShown(shown + SHOWN);
            void rooms.more();
          }}
        >
          More rooms
        </button>
      )}
      {asked === 'room' && <NewRoomDialog chat={chat} onClose={() => setAsked(undefined)} />}
      {asked === 'message' && (
        <PeopleDialog
          chat={chat}
          title="New message"
          action="Open"
          onPeople={(people) => chat.openDirect(...people)}
          onClose={() => setAsked(undefined)}
        />
      )}
    </nav>
  );
}

/** Ctrl-K or Command-K moves the focus to the search. */
function useSearchKey(search: { readonly current: HTMLInputElement | null }): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (
        event.key.toLowerCase() !== 'k' ||
        !(event.ctrlKey || event.metaKey) ||
        event.shiftKey ||
        event.altKey
      ) {
        return;
      }
      event.preventDefault();
      search.current?.focus();
      search.current?.select();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [search]);
}

function Nothing({ state, filtered }: { state: string; filtered: boolean }) {
  if (state === 'loading') return <p class="hint">Reading the rooms…</p>;
  if (state === 'failed') return null;
  return <p class="hint">{filtered ? 'No rooms match.' : 'There is no room yet. Make the first one.'}</p>;
}

type RoomKind = RoomInfo['kind'];

interface RoomLinkProps {
  id: number;
  name: string;
  kind: RoomKind | undefined;
  open?: boolean;
  current?: boolean;
  unread?: string;
  /** Whether it is the first closed room. */
  divided?: boolean;
}

function RoomLink({
  id,
  name,
  kind,
  open = false,
  current = false,
  unread = '',
  divided = false,
}: RoomLinkProps) {
  const link = useRef<HTMLAnchorElement>(null);
  useEffect(() => {
    if (current) link.current?.scrollIntoView({ block: 'nearest' });
  }, [current]);
  return (
    <li class={divided ? 'divided' : undefined}>
      <a
        ref={link}
        class={`room-link${open ? ' open' : ''}${unread === '' ? '' : ' unread'}`}
        href={hashOfRoom(id)}
        aria-current={current ? 'page' : undefined}
      >
        <span class="hash" aria-hidden="true">
          {kind === 'private' ? <Icon name="lock" /> : kind === 'direct' ? <Icon name="account" /> : '#'}
        </span>
        <bdi class="name">{name}</bdi>
        {kind !== undefined && kind !== 'public' && <span class="hidden">{kind}</span>}
        {unread !== '' && (
          <span class="badge">
            {unread} <span class="hidden">unread</span>
          </span>
        )}
      </a>
    </li>
  );
}
