/** The changes of a socket's rooms: one after the other in a room, side by side in different rooms. */
export class RoomQueue {
  /** The last change of each room; undefined while there are none, which is nearly always: an empty map costs 180 bytes. */
  #last: Map<number, Promise<void>> | undefined;
  #pending = 0;

  /** Changes that have not ended yet. */
  get pending(): number {
    return this.#pending;
  }

  /** Rooms with changes that have not ended yet. */
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
