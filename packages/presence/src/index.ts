export { type Clock, systemClock } from './clock.js';
export { type MemoryPresenceOptions, MemoryPresenceStore } from './memory/presence-store.js';
export { NoLeaseError, type PresenceStore, type RoomSize } from './presence-store.js';
export { type RedisPresenceOptions, RedisPresenceStore } from './redis/presence-store.js';
export { PresenceTracker, type PresenceTrackerOptions } from './tracker/presence-tracker.js';
