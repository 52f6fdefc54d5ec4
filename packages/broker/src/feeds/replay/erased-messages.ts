import { formatPosition, isChangeFrame } from '@chorus/protocol';
import type { Position, StoredMessage } from '../../broker.js';

/** Changes are serialised in one way, with these fields in front of all texts. */
const TEXT_CHANGE = /"change":"(?:edited|appended)","target":\{"epoch":(\d+),"seq":(\d+)\},/;
/** Deletions that are remembered. */
const MOST = 1_000;

/** The messages of a room that were deleted last. */
export class ErasedMessages {
  /** Positions, the oldest deletion first. */
  readonly #places = new Set<string>();

  add(message: Position): void {
    const place = formatPosition(message);
    this.#places.delete(place);
    this.#places.add(place);
    const [oldest] = this.#places;
    if (this.#places.size > MOST && oldest !== undefined) this.#places.delete(oldest);
  }

  has(message: Position): boolean {
    return this.#places.has(formatPosition(message));
  }

  /** Whether an entry is one of the messages, or has edited or continued its text. */
  covers(entry: StoredMessage): boolean {
    if (this.#places.size === 0) return false;
    if (!isChangeFrame(entry.frame)) return this.has(entry);
    const [, epoch, seq] = TEXT_CHANGE.exec(Buffer.from(entry.frame).toString()) ?? [];
    return epoch !== undefined && this.#places.has(`${epoch}-${seq}`);
  }
}
