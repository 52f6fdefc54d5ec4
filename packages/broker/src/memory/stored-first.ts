import { UnavailableError } from '@chorus/redis';
import { isAfter, type Position } from '../broker.js';

/** A message of an earlier process, and the key that it was published with. */
export interface StoredKey {
  readonly key: string;
  readonly position: Position;
}

/** Lets rooms in memory deliver only stored messages: everything that was delivered or acked survives the process. */
export interface StoredFirst {
  /** Called for each message that waits to be stored. An archiver has to claim and settle it at once. */
  begin(): void;
  /** Why nothing can be stored at present: publishing is refused meanwhile. Undefined if storing works. */
  failure(): string | undefined;
  /** A publish rejects if its message was not stored within this time, in milliseconds. */
  readonly timeoutMs: number;
  /** Recent keys of earlier processes by room: a room takes over its own when it becomes known. */
  readonly keys: Map<number, readonly StoredKey[]>;
}

interface PendingPublish {
  readonly position: Position;
  readonly timer: NodeJS.Timeout;
  resolve(): void;
  reject(error: Error): void;
}

/** Publishes that wait until their messages are stored. */
export class Unstored {
  readonly #waiting = new Map<number, Set<PendingPublish>>();

  constructor(private readonly options: StoredFirst) {}

  /** @throws {UnavailableError} nothing can be stored at present */
  admit(): void {
    const failure = this.options.failure();
    if (failure !== undefined) throw new UnavailableError(`messages cannot be stored: ${failure}`);
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
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#forget(roomId, waiter);
        reject(new UnavailableError('the message was not stored in time; it may be later'));
      }, this.options.timeoutMs);
      const waiter: PendingPublish = { position, timer, resolve, reject };
      const waiting = this.#waiting.get(roomId);
      if (waiting === undefined) this.#waiting.set(roomId, new Set([waiter]));
      else waiting.add(waiter);
    });
  }

  /** Everything in the room up to that position is stored. */
  resolve(roomId: number, upTo: Position): void {
    this.#end(
      roomId,
      ({ position }) => !isAfter(position, upTo),
      ({ resolve }) => resolve(),
    );
  }

  /** Rejects all publishes of a room: its messages will not be stored. */
  refuse(roomId: number, error: Error): void {
    this.#end(
      roomId,
      () => true,
      ({ reject }) => reject(error),
    );
  }

  #end(
    roomId: number,
    concerned: (waiter: PendingPublish) => boolean,
    end: (waiter: PendingPublish) => void,
  ): void {
    for (const waiter of this.#waiting.get(roomId) ?? []) {
      if (!concerned(waiter)) continue;
      clearTimeout(waiter.timer);
      this.#forget(roomId, waiter);
      end(waiter);
    }
  }

  #forget(roomId: number, waiter: PendingPublish): void {
    const waiting = this.#waiting.get(roomId);
    if (waiting?.delete(waiter) && waiting.size === 0) this.#waiting.delete(roomId);
  }
}
