/**
 * How a notice reaches the gateways that have members of a room, from within a script: a change of presence and
 * its announcement must be one step.
 */
export interface NoticeTarget {
  /** `PUBLISH`, or `SPUBLISH` with sharded pub/sub. */
  readonly command: 'PUBLISH' | 'SPUBLISH';
  /** The room's channel. In the same hash slot as every key that starts with `Keyspace.room`. */
  channel(roomId: number): string;
  /** What to publish so that every gateway delivers `frame`. */
  envelope(frame: string): string;
}
