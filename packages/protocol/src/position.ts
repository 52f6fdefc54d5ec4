/**
 * A place in a room's history. No place is ever used for two messages.
 *
 * Within an epoch `seq` is consecutive. A room gets a new, larger epoch when it was removed and made
 * known again, and when messages may have been lost: then places of the old epoch may be known to
 * some that the history does not have. So only the order of places in different epochs means anything.
 */
export interface Position {
  /** Which numbering {@link seq} belongs to; numbers of different epochs are never compared. */
  readonly epoch: number;
  /** Number of a message: consecutive within an epoch; 0 before the first. */
  readonly seq: number;
}

/** Whether `a` comes after `b`. */
export function isAfter(a: Position, b: Position): boolean {
  return a.epoch === b.epoch ? a.seq > b.seq : a.epoch > b.epoch;
}

/** As positions are written in URLs: `1767225600000-12`. */
export function formatPosition(position: Position): string {
  return `${position.epoch}-${position.seq}`;
}

/** Reads what {@link formatPosition} writes; `undefined` for anything else. */
export function parsePosition(text: string): Position | undefined {
  if (!/^\d{1,16}-\d{1,16}$/.test(text)) return undefined;
  const dash = text.indexOf('-');
  const position = { epoch: Number(text.slice(0, dash)), seq: Number(text.slice(dash + 1)) };
  // As the schema demands, in a fraction of its time: brokers read many.
  return Number.isSafeInteger(position.epoch) && Number.isSafeInteger(position.seq) ? position : undefined;
}
