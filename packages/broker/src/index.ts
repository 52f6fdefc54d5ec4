export type { Announcer } from './announcer.js';
export * from './broker.js';
export { Keyspace, PARTITIONS, partitionOf } from './keys.js';
export * from './room-directory.js';
