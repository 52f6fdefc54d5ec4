import type { InboxEntry } from './entry.js';

/** Options of an {@link Inbox}. */
export interface InboxOptions {
  /**
   * Rooms whose last message is read again after each new message, if they are not joined. Each reading is a request; in a room with many
   * members all of them send one. Default: direct rooms.
   */
  lastMessages?: (entry: InboxEntry) => boolean;
}

/** Events of an inbox, each with its payload. */
export interface InboxEvents {
  /** {@link Inbox.entries}, {@link Inbox.complete} or {@link Inbox.error} has changed. */
  change: undefined;
  /** A room has unread messages that it did not have before. */
  unread: InboxEntry;
}
