import type { InboxOptions, Member, MessageListOptions } from '@chorus/client';
import type { ChorusState } from './hooks/chorus-store.js';
import type { InboxState } from './hooks/inbox-store.js';
import type { MessagesState } from './hooks/messages-store.js';
import type { RoomState } from './hooks/room-store.js';
import { useShared } from './provider.js';
import { useStore } from './store.js';

/** Returns the client of the {@link ChorusProvider}, the state of its connection, and its user. */
export function useChorus(): ChorusState {
  return useStore(useShared().chorus);
}

/**
 * Joins a room while the component is mounted, and sends to it. The room is left a second after the last component that uses it with any
 * hook has unmounted, unless the application had joined it itself.
 *
 * @example
 * const { status, pending, send } = useRoom(1);
 */
export function useRoom(roomId: number): RoomState {
  return useStore(useShared().room(roomId).state);
}

/**
 * Joins a room, as {@link useRoom} does, and returns its messages as they are now. Components with the same options share one list.
 * A burst of messages is one commit.
 *
 * @example
 * const { messages, atBeginning, older } = useMessages(1);
 */
export function useMessages(roomId: number, options: MessageListOptions = {}): MessagesState {
  return useStore(useShared().room(roomId).messages(options));
}

/**
 * Returns the rooms of which the user is a member, with what is unread, without joining them. All components share one inbox.
 * @param options of the inbox; those of the first component count
 */
export function useInbox(options?: InboxOptions): InboxState {
  return useStore(useShared().inbox(options));
}

/** What {@link useTyping} returns. */
export interface TypingState {
  /** The other members who are typing. */
  readonly typists: readonly Member[];
  /** Tells the other members that the user is typing. Call it at each change of the text: at most one frame a second is sent. */
  readonly typing: () => void;
}

/** Joins a room, as {@link useRoom} does, and returns who is typing in it. */
export function useTyping(roomId: number): TypingState {
  const room = useShared().room(roomId);
  return { typists: useStore(room.typists).people, typing: room.typing };
}

/** Joins a room, as {@link useRoom} does, and returns the members who are present, in ascending order of id; see `Room.members` of the client. */
export function usePresence(roomId: number): readonly Member[] {
  return useStore(useShared().room(roomId).members).people;
}
