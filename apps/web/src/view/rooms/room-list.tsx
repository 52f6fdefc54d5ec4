import { useEffect, useRef, useState } from 'preact/hooks';
import type { Chat } from '../../model/chat.js';
import { Icon } from '../controls/icon.js';
import { IconButton } from '../controls/icon-button.js';
import { moveFocus } from '../controls/move-focus.js';
import { PeopleDialog } from '../people/people-dialog.js';
import { NewRoomDialog } from './new-room-dialog.js';
import { RoomLink } from './room-link.js';

/** Number of other rooms that are shown; a button shows more. */
const SHOWN = 200;

/** The rooms: first those of which the user is a member, latest activity on top, then all others by name. */
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

  const mine = chat.mine.byId.value;
  const fits = new Set(rooms.found.value.map(({ id }) => id));
  const listed = chat.mine.entries.value.filter(({ room }) => !filtered || fits.has(room.id));
  const others = rooms.found.value.filter(({ id }) => !mine.has(id));
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
            placeholder="Search"
            value={rooms.filter.value}
            onInput={(event) => {
              rooms.filter.value = event.currentTarget.value;
            }}
            onKeyDown={(event) => {
              if (event.key === 'ArrowDown') moveFocus(event, list.current, 'a');
            }}
          />
        </div>
        <IconButton icon="refresh" label="Refresh rooms" title="Refresh" onClick={() => chat.refresh()} />
        <IconButton icon="write" label="New message" onClick={() => setAsked('message')} />
        <IconButton icon="add" label="New room" primary onClick={() => setAsked('room')} />
      </div>
      <ul ref={list} aria-label="Rooms" onKeyDown={(event) => moveFocus(event, list.current, 'a')}>
        {listed.map((entry) => (
          <RoomLink
            key={entry.room.id}
            chat={chat}
            room={chat.infoOf(entry.room.id) ?? entry.room}
            entry={entry}
          />
        ))}
        {others.slice(0, shown).map((room, index) => (
          <RoomLink key={room.id} chat={chat} room={room} divided={index === 0 && listed.length > 0} />
        ))}
      </ul>
      {listed.length + others.length === 0 && (
        <Nothing state={state} filtered={filtered} onNew={() => setAsked('room')} />
      )}
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

function Nothing({ state, filtered, onNew }: { state: string; filtered: boolean; onNew: () => void }) {
  if (state === 'loading') return <p class="hint">Reading the rooms…</p>;
  if (state === 'failed') return null;
  if (filtered) return <p class="hint">No rooms match.</p>;
  return (
    <p class="hint">
      There is no room yet.{' '}
      <button type="button" class="link" onClick={onNew}>
        Make the first one
      </button>
    </p>
  );
}
