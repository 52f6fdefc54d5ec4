import { UnavailableError } from '@chorus/redis';
import { isAfter, type Position } from '../broker.js';
import { Waiting } from './waiting.js';

/** A message of an earlier process, and the key that it was published with. */
export interface StoredKey {
  readonly key: string;
  readonly position: Position;
}

/**
 * Lets rooms in memory deliver only stored messages and announce only stored read positions: everything that was delivered, acked
 * or announced survives the process.
 */
export interface StoredFirst {
  /** Called for each message that waits to be stored. An archiver has to claim and settle it at once. */
  begin(): void;
  /** As {@link begin}, for a read position. */
  beginReads(): void;
  /** Why nothing can be stored at present: publishing is refused meanwhile. Undefined if storing works. */
  failure(): string | undefined;
  /** A publish, or a read position, is rejected if it was not stored within this time, in milliseconds. */
  readonly timeoutMs: number;
  /** Recent keys of earlier processes by room: a room takes over its own when it becomes known. */
  readonly keys: Map<number, readonly StoredKey[]>;
}

/** Publishes, and read positions, that wait until they are stored. */
export class Unstored {
  readonly #publishes: Waiting<number, Position>;
  readonly #reads: Waiting<string, undefined>;

  constructor(private readonly options: StoredFirst) {
    this.#publishes = new Waiting(options.timeoutMs, 'message');
    this.#reads = new Waiting(options.timeoutMs, 'read position');
  }

  /** @throws {UnavailableError} nothing can be stored at present */
  admit(): void {
    const failure = this.options.failure();
    if (failure !== undefined) throw new UnavailableError(`nothing can be stored: ${failure}`);
  }

  begin(): void {
    this.options.begin();
  }

  /** Returns the keys of a room that becomes known. A later room of this id gets none: it has other messages. */
  takeKeys(roomId: number): readonly StoredKey[] {
    const keys = this.options.keys.get(roomId) ?? [];
    this.options.keys.delete(roomId);
    return keys;
  }

  wait(roomId: number, position: Position): Promise<void> {
    return this.#publishes.wait(roomId, position);
  }

  /** Everything in the room up to that position is stored. */
  resolve(roomId: number, upTo: Position): void {
    this.#publishes.resolve(roomId, (position) => !isAfter(position, upTo));
  }

  /** Rejects all publishes of a room: its messages will not be stored. */
  refuse(roomId: number, error: Error): void {
    this.#publishes.refuse(roomId, error);
  }

  /** Resolves when the newest read position of a user in a room is stored. @throws {UnavailableError} not in time */
  async waitForRead(key: string): Promise<void> {
    this.options.beginReads();
    await this.#reads.wait(key, undefined);
  }

  /** The newest read position with that key is stored. */
  resolveReads(key: string): void {
    this.#reads.resolve(key, () => true);
  }
}
