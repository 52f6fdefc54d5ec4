interface Resumable {
  resume(): void;
}

/** Equal parts of a turn, so that not all sockets are read at one moment. */
const PARTS = 10;

/** Resumes sockets that stop reading by themselves, once per turn. */
export class LazyWheel {
  readonly #parts: Array<Set<Resumable>> = Array.from({ length: PARTS }, () => new Set());
  readonly #timer: NodeJS.Timeout;
  #at = 0;

  constructor(turnMs: number) {
    this.#timer = setInterval(() => this.#step(), turnMs / PARTS);
  }

  /** @param part any number; sockets with one number have one turn */
  add(socket: Resumable, part: number): void {
    this.#parts[part % PARTS]?.add(socket);
  }

  remove(socket: Resumable, part: number): void {
    this.#parts[part % PARTS]?.delete(socket);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #step(): void {
    this.#at = (this.#at + 1) % PARTS;
    for (const socket of this.#parts[this.#at] ?? []) socket.resume();
  }
}
