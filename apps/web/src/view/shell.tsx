import { useSignalEffect } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Chat } from '../model/chat.js';
import { hashOfRoom, inviteOfHash, roomOfHash } from '../model/route.js';
import type { Session } from '../model/session.js';
import { AccountDialog } from './account-dialog.js';
import { Announcer } from './announcer.js';
import { Connection } from './connection.js';
import { Avatar } from './controls/avatar.js';
import { Icon } from './controls/icon.js';
import { IconButton } from './controls/icon-button.js';
import { useAction } from './controls/use-action.js';
import { NotificationOffer } from './notification-offer.js';
import { Room } from './room/room.js';
import { RoomList } from './rooms/room-list.js';

/** The page of a signed-in user. */
export function Shell({ session, chat }: { session: Session; chat: Chat }) {
  useRoute(chat);
  useTitle(chat);
  useWarning(chat);
  const current = chat.current.value;
  return (
    <div class={current === undefined ? 'shell' : 'shell with-room'}>
      <a class="skip" href={hashOfRoom(chat.currentId.value)} onClick={skipToRoom}>
        Skip to the room
      </a>
      <div class="sidebar">
        <header class="sidebar-header">
          <span class="mark" aria-hidden="true" />
          <strong>Chorus</strong>
        </header>
        <RoomList chat={chat} />
        <Me session={session} chat={chat} />
      </div>
      <Connection chat={chat} />
      <Notices chat={chat} />
      {current === undefined ? (
        <NoRoom chat={chat} />
      ) : (
        <Room key={current.id} chat={chat} conversation={current} />
      )}
      <Announcer chat={chat} />
    </div>
  );
}

function skipToRoom(event: Event): void {
  event.preventDefault();
  const target = document.querySelector<HTMLElement>('main textarea') ?? document.querySelector('main h1');
  if (target instanceof HTMLElement) target.focus();
}

function Me({ session, chat }: { session: Session; chat: Chat }) {
  const { busy, error, run } = useAction(() => session.signOut());
  const [account, setAccount] = useState(false);
  return (
    <footer class="me">
      <Avatar name={chat.me.username} small />
      <bdi class="name">{chat.me.username}</bdi>
      <IconButton icon="account" label="Account" onClick={() => setAccount(true)} />
      <IconButton icon="out" label="Sign out" disabled={busy} onClick={() => void run()} />
      {error !== undefined && (
        <p class="error" role="alert">
          You are still signed in. {error}
        </p>
      )}
      {account && <AccountDialog session={session} chat={chat} onClose={() => setAccount(false)} />}
    </footer>
  );
}

function Notices({ chat }: { chat: Chat }) {
  return (
    <div class="notices">
      <NotificationOffer notifier={chat.notifier} />
      {chat.notices.value.map(({ id, text }) => (
        <div key={id} class="notice" role="alert">
          <Icon name="bell" />
          <p dir="auto">{text}</p>
          <button type="button" onClick={() => chat.dismiss(id)}>
            Dismiss
          </button>
        </div>
      ))}
    </div>
  );
}

function NoRoom({ chat }: { chat: Chat }) {
  const heading = useRef<HTMLHeadingElement>(null);
  const problem = chat.invitation.problem.value;
  // After signing in, and after leaving a room, the element that had the focus no longer exists.
  useEffect(() => {
    if (document.activeElement === document.body) heading.current?.focus({ preventScroll: true });
  }, []);
  return (
    <main class="room nothing">
      <h1 ref={heading} class="hidden" tabIndex={-1}>
        No room is open
      </h1>
      {problem === undefined ? (
        <p>Choose a room, or make a new one.</p>
      ) : (
        <div class="gone alone">
          <p role="alert">{problem.text}</p>
          {problem.retry && (
            <button type="button" onClick={() => void accept(chat, problem.code)}>
              Try again
            </button>
          )}
        </div>
      )}
    </main>
  );
}

async function accept(chat: Chat, code: string): Promise<void> {
  const roomId = await chat.invitation.accept(code);
  // Going back must not accept it again.
  if (roomId !== undefined) location.replace(hashOfRoom(roomId));
}

/** Keeps the room in view equal to the room in the address. */
function useRoute(chat: Chat): void {
  useEffect(() => {
    const follow = (): void => {
      const code = inviteOfHash(location.hash);
      chat.show(roomOfHash(location.hash));
      if (code !== undefined) void accept(chat, code);
    };
    follow();
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, [chat]);
}

function useTitle(chat: Chat): void {
  useSignalEffect(() => {
    const name = chat.current.value?.name.value;
    const unread = chat.unread.value;
    document.title = `${unread > 0 ? `(${unread}) ` : ''}${name === undefined ? '' : `${name} · `}Chorus`;
  });
  useEffect(
    () => () => {
      document.title = 'Chorus';
    },
    [],
  );
}

/** Asks for confirmation before unsent text is lost. */
function useWarning(chat: Chat): void {
  useEffect(() => {
    const warn = (event: BeforeUnloadEvent): void => {
      if (chat.waiting) event.preventDefault();
    };
    addEventListener('beforeunload', warn);
    return () => removeEventListener('beforeunload', warn);
  }, [chat]);
}
