import {
  type ChorusClient,
  type ChorusError,
  Inbox,
  type InboxEntry,
  type InboxOptions,
  type Position,
} from '@chorus/client';
import { Store } from '../store.js';

/** What {@link useInbox} returns. */
export interface InboxState {
  /** The rooms of the user, newest activity first. Entries that did not change are the same objects. */
  readonly entries: readonly InboxEntry[];
  /** Whether all rooms were read since the last reconnect. */
  readonly complete: boolean;
  /** Why the inbox cannot be read, until the next reconnect. */
  readonly error: ChorusError | undefined;
  /** Unread messages of all entries. */
  readonly unread: number;
  /** Unread messages of others that mention the user or all members, of all entries. */
  readonly mentions: number;
  /** Marks messages of a room as read; see `Inbox.markRead` of the client. */
  readonly markRead: (roomId: number, upTo?: Position) => void;
  /** Marks a message and all later ones as unread. */
  readonly markUnread: (roomId: number, from: Position) => void;
}

export function inboxStore(client: ChorusClient, options?: InboxOptions): Store<InboxState> {
  let inbox: Inbox | undefined;
  const actions = {
    markRead: (roomId: number, upTo?: Position): void => inbox?.markRead(roomId, upTo),
    markUnread: (roomId: number, from: Position): void => inbox?.markUnread(roomId, from),
  };
  const initial: InboxState = {
    ...{ entries: [], complete: false, error: undefined, unread: 0, mentions: 0 },
    ...actions,
  };
  return new Store(initial, (changed) => {
    const current = new Inbox(client, options);
    inbox = current;
    const off = current.subscribe(changed);
    return {
      read: () => {
        const { entries, complete, error } = current;
        const sum = (count: 'unread' | 'mentions'): number =>
          entries.reduce((total, entry) => total + entry[count], 0);
        // The inbox makes a new array after each frame, also if no entry has changed.
        return { entries, complete, error, unread: sum('unread'), mentions: sum('mentions'), ...actions };
      },
      stop: () => {
        off();
        current.close();
        inbox = undefined;
      },
    };
  });
}
