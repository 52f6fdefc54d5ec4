/** Joins and leaves of a socket: sequential within a room, concurrent across rooms. */
export class RoomQueue {
  /** Last change of each room; undefined while there is none, which is nearly always: an empty map costs 180 bytes. */
  #last: Map<number, Promise<void>> | undefined;
  #pending = 0;

  /** Number of changes in progress. */
  get pending(): number {
    return this.#pending;
  }

  /** Rooms with changes in progress. */
  get roomIds(): Iterable<number> {
    return this.#last?.keys() ?? [];
  }

  isBusy(roomId: number): boolean {
    return this.#last?.has(roomId) ?? false;
  }

  /** @param work must not reject */
  run(roomId: number, work: () => Promise<void>): void {
    this.#pending++;
    this.#last ??= new Map();
    const before = this.#last.get(roomId);
    const task = (before === undefined ? work() : before.then(work)).finally(() => this.#ended(roomId, task));
    this.#last.set(roomId, task);
  }

  #ended(roomId: number, task: Promise<void>): void {
    this.#pending--;
    if (this.#last?.get(roomId) === task) this.#last.delete(roomId);
    if (this.#last?.size === 0) this.#last = undefined;
  }
}
