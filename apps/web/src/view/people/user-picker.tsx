import type { Member } from '@chorus/client';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Chat } from '../../model/chat.js';
import { Avatar } from '../controls/avatar.js';
import { Field } from '../controls/field.js';
import { Icon } from '../controls/icon.js';
import { moveFocus } from '../controls/move-focus.js';
import { UserName } from '../controls/user-name.js';

/** Shortest beginning of a name that is looked up, and the wait for further letters in milliseconds. */
const SHORTEST = 2;
const WAIT_MS = 200;

/** Finds users by the beginning of their names, and lets the user choose some. */
export function UserPicker({
  chat,
  chosen,
  onChange,
}: {
  chat: Chat;
  chosen: readonly Member[];
  onChange: (chosen: readonly Member[]) => void;
}) {
  const [search, setSearch] = useState('');
  const [found, setFound] = useState<readonly Member[]>();
  const list = useRef<HTMLUListElement>(null);
  const start = search.trim();
  useEffect(() => {
    if (start.length < SHORTEST) {
      setFound(undefined);
      return;
    }
    let isOver = false;
    const timer = setTimeout(() => {
      const finding = chat.actions.findUsers(start).catch(() => []);
      void finding.then((users) => !isOver && setFound(users));
    }, WAIT_MS);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [start, chat]);
  const isChosen = (user: Member): boolean => chosen.some(({ id }) => id === user.id);
  const without = (user: Member): readonly Member[] => chosen.filter(({ id }) => id !== user.id);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the arrow keys go from the field to the list
    <div class="picker" onKeyDown={(event) => moveFocus(event, list.current, 'button')}>
      {chosen.length > 0 && (
        <ul class="chosen" aria-label="Chosen people">
          {chosen.map((user) => (
            <li key={user.id}>
              <button type="button" title="Remove" onClick={() => onChange(without(user))}>
                <bdi>{user.username}</bdi>
                <span class="hidden">, remove</span>
                <Icon name="close" />
              </button>
            </li>
          ))}
        </ul>
      )}
      <Field
        label="Find people"
        value={search}
        onText={setSearch}
        autocomplete="off"
        maxLength={64}
        required={false}
        hint="The beginning of a user name, two letters or more."
        autoFocus
      />
      <ul ref={list} class="found" aria-label="Found people">
        {found?.map((user) => (
          <li key={user.id}>
            <button
              type="button"
              aria-pressed={isChosen(user)}
              onClick={() => onChange(isChosen(user) ? without(user) : [...chosen, user])}
            >
              <Avatar name={user.username} small />
              <UserName name={user.username} bot={user.bot} as="name" />
              {isChosen(user) && <Icon name="check" />}
            </button>
          </li>
        ))}
      </ul>
      <p class="hint" role="status">
        {found?.length === 0 && 'No user has such a name.'}
      </p>
    </div>
  );
}
