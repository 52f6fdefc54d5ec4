/**
 * How an ephemeral frame reaches a room's channel from within somebody else's Redis script:
 * presence changes and their announcement must be one step.
 */
export interface Announcer {
  /** `PUBLISH`, or `SPUBLISH` with sharded pub/sub. */
  readonly command: 'PUBLISH' | 'SPUBLISH';
  /** The room's channel. In the same hash slot as every key that starts with `Keyspace.room`. */
  channel(roomId: number): string;
  /** What to publish so that every gateway delivers `frame`. */
  envelope(frame: string): string;
}
