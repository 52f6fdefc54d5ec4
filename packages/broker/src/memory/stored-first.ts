import { UnavailableError } from '@chorus/redis';
import { isAfter, type Position } from '../broker.js';

/** A message that was stored before this process, and the key that it was published with. */
export interface StoredKey {
  readonly key: string;
  readonly position: Position;
}

/** How rooms in memory hand out only what is in the database: whatever was seen or acked survives the process. */
export interface StoredFirst {
  /** Called when a message waits to be stored, for each one. An archiver has to claim and settle it at once. */
  begin(): void;
  /** Why nothing can be stored at the moment: publishing is refused meanwhile. Undefined while all is well. */
  failure(): string | undefined;
  /** A publish whose message was not stored within so many milliseconds rejects. */
  readonly timeoutMs: number;
  /** By room, the keys that earlier processes were given of late: a room takes its own when it becomes known. */
  readonly keys: Map<number, readonly StoredKey[]>;
}

interface Waiter {
  readonly position: Position;
  readonly timer: NodeJS.Timeout;
  resolve(): void;
  reject(error: Error): void;
}

/** The publishes that wait until their messages are stored. */
export class Unstored {
  readonly #waiting = new Map<number, Set<Waiter>>();

  constructor(private readonly options: StoredFirst) {}

  /** @throws {UnavailableError} nothing can be stored at the moment */
  admit(): void {
    const failure = this.options.failure();
    if (failure !== undefined) throw new UnavailableError(`messages cannot be stored: ${failure}`);
  }

  begin(): void {
    this.options.begin();
  }

  /** Of a room that becomes known. A later room of the same id has none of them: its messages are others. */
  takeKeys(roomId: number): readonly StoredKey[] {
    const keys = this.options.keys.get(roomId) ?? [];
    this.options.keys.delete(roomId);
    return keys;
  }

  wait(roomId: number, position: Position): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#forget(roomId, waiter);
        reject(new UnavailableError('the message was not stored in time; it may be later'));
      }, this.options.timeoutMs);
      const waiter: Waiter = { position, timer, resolve, reject };
      const waiting = this.#waiting.get(roomId);
      if (waiting === undefined) this.#waiting.set(roomId, new Set([waiter]));
      else waiting.add(waiter);
    });
  }

  /** Everything of the room up to there is stored. */
  resolve(roomId: number, upTo: Position): void {
    this.#end(
      roomId,
      ({ position }) => !isAfter(position, upTo),
      ({ resolve }) => resolve(),
    );
  }

  /** Nothing of the room will be stored any more. */
  refuse(roomId: number, error: Error): void {
    this.#end(
      roomId,
      () => true,
      ({ reject }) => reject(error),
    );
  }

  #end(roomId: number, concerned: (waiter: Waiter) => boolean, end: (waiter: Waiter) => void): void {
    for (const waiter of this.#waiting.get(roomId) ?? []) {
      if (!concerned(waiter)) continue;
      clearTimeout(waiter.timer);
      this.#forget(roomId, waiter);
      end(waiter);
    }
  }

  #forget(roomId: number, waiter: Waiter): void {
    const waiting = this.#waiting.get(roomId);
    if (waiting?.delete(waiter) && waiting.size === 0) this.#waiting.delete(roomId);
  }
}
