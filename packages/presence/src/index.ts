export { type MemoryPresenceOptions, MemoryPresenceStore } from './memory/presence-store.js';
export {
  JOURNAL_START,
  type JournalPage,
  type JournalPages,
  type JournalSnapshot,
  type PresenceChange,
  type PresenceJournal,
} from './presence-journal.js';
export { NoLeaseError, type PresenceStore, type RoomSize } from './presence-store.js';
export { RedisPresenceJournal } from './redis/presence-journal.js';
export { type RedisPresenceOptions, RedisPresenceStore } from './redis/presence-store.js';
export { PresenceTracker, type PresenceTrackerOptions } from './tracker/presence-tracker.js';
