import type { InboxEntry } from '@chorus/client';
import { useEffect, useRef } from 'preact/hooks';
import type { Chat } from '../../model/chat.js';
import type { KnownRoom } from '../../model/rooms/room-list.js';
import { roomTitle } from '../../model/rooms/room-title.js';
import { hashOfRoom } from '../../model/route.js';
import { Icon } from '../controls/icon.js';

/** Larger numbers of unread messages are not shown exactly. */
const MOST = 999;

interface RoomLinkProps {
  chat: Chat;
  room: KnownRoom;
  /** Undefined if the user is not a member. */
  entry?: InboxEntry;
  /** Whether it is the first room of which the user is not a member. */
  divided?: boolean;
}

export function RoomLink({ chat, room, entry, divided = false }: RoomLinkProps) {
  const link = useRef<HTMLAnchorElement>(null);
  const { id, kind } = room;
  const isCurrent = chat.currentId.value === id;
  // What is seen at once is not unread.
  const unread = chat.open.value.get(id)?.unread.value ?? entry?.unread ?? 0;
  const isMentioned = unread > 0 && entry !== undefined && entry.mentions > 0;
  useEffect(() => {
    if (isCurrent) link.current?.scrollIntoView({ block: 'nearest' });
  }, [isCurrent]);
  return (
    <li class={divided ? 'divided' : undefined}>
      <a
        ref={link}
        class={`room-link${entry === undefined ? '' : ' open'}${unread === 0 ? '' : ' unread'}`}
        href={hashOfRoom(id)}
        aria-current={isCurrent ? 'page' : undefined}
      >
        <span class="hash" aria-hidden="true">
          {kind === 'private' ? <Icon name="lock" /> : kind === 'direct' ? <Icon name="account" /> : '#'}
        </span>
        <bdi class="name">{roomTitle(room, chat.me)}</bdi>
        {kind !== undefined && kind !== 'public' && <span class="hidden">{kind}</span>}
        {isMentioned && (
          <span class="badge at" aria-hidden="true">
            @
          </span>
        )}
        {unread > 0 && (
          <span class="badge">
            {Math.min(unread, MOST)}
            {unread > MOST && '+'} <span class="hidden">unread{isMentioned && ', mentions you'}</span>
          </span>
        )}
      </a>
    </li>
  );
}
