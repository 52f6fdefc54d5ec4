/**
 * A position in a room's history. No position is ever used for two messages.
 *
 * Within an epoch `seq` is consecutive. A room gets a new, larger epoch when it is removed from Redis and added
 * again, and when messages may have been lost: clients may then know positions of the old epoch that the history does
 * not have. Between epochs only the order of positions has a meaning, not their distance.
 */
export interface Position {
  /** Numbering that {@link seq} belongs to. Values of `seq` in different epochs must not be compared. */
  readonly epoch: number;
  /** Number of the message: consecutive within an epoch; 0 before the first message. */
  readonly seq: number;
}

/** Whether `a` is after `b`. */
export function isAfter(a: Position, b: Position): boolean {
  return a.epoch === b.epoch ? a.seq > b.seq : a.epoch > b.epoch;
}

/** Returns the form of a position in URLs: `1767225600000-12`. */
export function formatPosition(position: Position): string {
  return `${position.epoch}-${position.seq}`;
}

/** Parses the output of {@link formatPosition}; `undefined` for any other text. */
export function parsePosition(text: string | null | undefined): Position | undefined {
  const match = /^(\d{1,16})-(\d{1,16})$/.exec(text ?? '');
  const position = { epoch: Number(match?.[1]), seq: Number(match?.[2]) };
  // Equivalent to the schema, at a fraction of its time: brokers parse many positions. NaN is no safe integer.
  return Number.isSafeInteger(Math.max(position.epoch, position.seq)) ? position : undefined;
}
