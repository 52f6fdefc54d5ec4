import { type ChorusClient, Inbox, type InboxEntry, type Position } from '@chorus/client';
import { batch, computed, signal } from '@preact/signals';

/** The rooms of which the user is a member, by activity, with what is unread: equal on all devices. */
export class MyRooms {
  readonly entries = signal<readonly InboxEntry[]>([]);
  /** Whether all rooms have been read since the last reconnect. */
  readonly isComplete = signal(false);
  readonly byId = computed(() => new Map(this.entries.value.map((entry) => [entry.room.id, entry])));
  readonly #inbox: Inbox;
  readonly #off: () => void;

  constructor(client: ChorusClient) {
    // The page does not show the last messages.
    this.#inbox = new Inbox(client, { lastMessages: () => false });
    this.#off = this.#inbox.subscribe(() =>
      batch(() => {
        this.entries.value = this.#inbox.entries;
        this.isComplete.value = this.#inbox.complete;
      }),
    );
  }

  of(roomId: number): InboxEntry | undefined {
    return this.byId.value.get(roomId);
  }

  /** Calls `listener` with each room that has unread messages which it did not have before. */
  onUnread(listener: (entry: InboxEntry) => void): () => void {
    return this.#inbox.on('unread', listener);
  }

  /** The user has read a room up to a position. */
  markRead(roomId: number, upTo: Position): void {
    // A user who is not a member has no read position.
    if (this.of(roomId) !== undefined) this.#inbox.markRead(roomId, upTo);
  }

  markUnread(roomId: number, from: Position): void {
    this.#inbox.markUnread(roomId, from);
  }

  close(): void {
    this.#off();
    this.#inbox.close();
  }
}
