import {
  type ChorusError,
  type CurrentMessage,
  type MemberChange,
  MessageList,
  type MessageListOptions,
  type RoomChange,
} from '@chorus/client';
import { Store } from '../store.js';
import { type SharedUse, sourceOf } from './room-source.js';

/** What {@link useMessages} returns. */
export interface MessagesState {
  /** Oldest first, as they are now. Messages that did not change are the same objects, so `memo` renders only what has changed. */
  readonly messages: readonly CurrentMessage[];
  /** With the option `changes`: the changes of the members and of the room, oldest first; see `MessageList.changes` of the client. */
  readonly changes: ReadonlyArray<MemberChange | RoomChange>;
  /** Whether the first message of the room is among the messages. */
  readonly atBeginning: boolean;
  /** Whether a page of the history is being read. The newest page is read at once. */
  readonly loading: boolean;
  /** Why the last page could not be read, until the next attempt. The newest page is read again after each reconnect until it succeeds. */
  readonly error: ChorusError | undefined;
  /**
   * Reads the next older page of the history. Never rejects: see `error`. Ignored while a page is being read.
   * @param limit largest number of messages: 1 to 100. Default: 50
   */
  readonly older: (limit?: number) => Promise<void>;
}

export function messagesStore(shared: SharedUse, options: MessageListOptions): Store<MessagesState> {
  let read = async (_limit?: number): Promise<void> => {};
  const older = (limit?: number): Promise<void> => read(limit);
  const initial: MessagesState = {
    ...{ messages: [], changes: [], atBeginning: false, loading: true, error: undefined },
    older,
  };
  return new Store(initial, (changed) =>
    sourceOf(shared, { ...initial, loading: false }, (room) => {
      const list = new MessageList(room, options);
      let loading = false;
      let loaded = false;
      let error: ChorusError | undefined;
      read = async (limit) => {
        if (loading) return;
        loading = true;
        error = undefined;
        changed();
        try {
          await list.older(limit);
          loaded = true;
        } catch (cause) {
          error = cause as ChorusError;
        }
        loading = false;
        changed();
      };
      const offs = [
        list.subscribe(changed),
        room.on('status', (status) => {
          if (status === 'joined' && !loaded) read();
        }),
      ];
      read();
      return {
        read: () => {
          const { messages, changes, atBeginning } = list;
          return { messages, changes, atBeginning, loading, error, older };
        },
        stop: () => {
          list.close();
          for (const off of offs) off();
        },
      };
    }),
  );
}
