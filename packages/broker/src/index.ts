export * from './activity.js';
export * from './archive-queue.js';
export * from './broker.js';
export type { HistoryLoss } from './feeds/losses.js';
export type { EntryFilter, Replay, RoomFeedStats } from './feeds/replay/replay.js';
export type { RoomFeedOptions } from './feeds/room-feed-options.js';
export {
  type NodeListener,
  RoomFeedRegistry,
  type RoomListener,
} from './feeds/room-feed-registry.js';
export { MemoryArchiveQueue } from './memory/archive-queue.js';
export { MemoryBroker } from './memory/broker.js';
export { MemoryReadPositions } from './memory/read-positions.js';
export { MemoryRoomDirectory } from './memory/room-directory.js';
export { MemoryRoomHistory } from './memory/room-history.js';
export { MemoryRoomStore } from './memory/room-store.js';
export type { MemoryRoomStoreOptions } from './memory/room-store-options.js';
export type { StoredFirst, StoredKey } from './memory/stored-first.js';
export { retentionMs } from './publishing/expired.js';
export { idempotencyKey, KEY_MS } from './publishing/idempotency-key.js';
export { BatchQueueFullError, MicroBatcher } from './publishing/micro-batcher.js';
export * from './read-positions.js';
export { RedisArchiveQueue } from './redis/archive-queue.js';
export { RedisBroker, type RedisBrokerOptions } from './redis/broker.js';
export { BrokerKeys } from './redis/keys.js';
export { redisNoticeTarget } from './redis/notice-target.js';
export { RedisPositions } from './redis/positions.js';
export { ProbeStats } from './redis/probe-stats.js';
export { RedisPublisher, type RedisPublisherOptions, replicaWait } from './redis/publisher.js';
export { RedisReadPositions } from './redis/read-positions.js';
export { RedisRoomDirectory } from './redis/room-directory.js';
export { RedisRoomHistory } from './redis/room-history.js';
export * from './room-directory.js';
export type { RoomHistory } from './room-history.js';
export { type RoomArchive, RoomRestorer } from './room-restorer.js';
