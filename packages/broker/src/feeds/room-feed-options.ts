import type { Logger } from '@chorus/service';

export interface RoomFeedOptions {
  /** Time for which an unused room stays subscribed, in milliseconds: reconnects and page changes are common. */
  lingerMs: number;
  /** First pause before a failed repair is retried, in milliseconds; later pauses are longer. */
  retryMs: number;
  /** Messages read from the history at once. Default 500. */
  pageSize?: number;
  /** A client that missed more messages than this gets no replay. Default 10,000. */
  recoveryMaxMessages?: number;
  /** Time for which replayed messages are kept for other clients that resume, in milliseconds. Default 5,000. */
  replayKeepMs?: number;
  /** Memory for replays of one room, in bytes. Default 16 MiB. */
  replayRoomBytes?: number;
  /** Memory for replays of all rooms, in bytes. Default 128 MiB. */
  replayBytes?: number;
  /** Days for which messages of any room are served; undefined, the default, for ever. Rooms can have a shorter time. */
  retentionDays?: number | undefined;
  /** Called when a client has received all missed messages, with the milliseconds since its request. */
  onRecovered?: ((ms: number) => void) | undefined;
  log: Logger;
}
