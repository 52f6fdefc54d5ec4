/**
 * How a script sends a notice to the gateways with members of a room: a change of presence and its announcement must
 * be one step.
 */
export interface NoticeTarget {
  /** `PUBLISH`, or `SPUBLISH` with sharded pub/sub. */
  readonly command: 'PUBLISH' | 'SPUBLISH';
  /** The room's channel. In the hash slot of all keys that start with `Keyspace.room`. */
  channel(roomId: number): string;
  /** Returns the payload to publish so that every gateway delivers `frame`. */
  envelope(frame: string): string;
}
