import type { StoredFirst } from './stored-first.js';

export interface MemoryRoomStoreOptions {
  /** Bytes of messages that may wait to be stored in the database before publishing is refused. Default: no limit. */
  maxBacklogBytes?: number;
  /** Returns milliseconds since 1970; also used for leases and keys. Default: the system's clocks. */
  now?: () => number;
  /** Every new epoch is above this one, whatever the clock shows. Default 0. */
  newestEpoch?: number;
  /** Acks and delivers messages only when they are in the database. Default: at once. */
  storedFirst?: StoredFirst;
}
