import type { Socket } from 'node:net';
import type { Trouble } from './trouble.js';

interface Piece {
  readonly data: Buffer;
  /** By `performance.now()`. */
  readonly dueAt: number;
}

/** One direction of a connection: passes on what it reads, in order, as the current trouble allows. */
export class Lane {
  readonly #waiting: Piece[] = [];
  #timer: NodeJS.Timeout | undefined;
  #silent = false;
  #slow: Extract<Trouble, { kind: 'slow' }> | undefined;
  #tornShare = 0;
  #lastDueAt = 0;
  /** The reading side has ended: the writing side ends behind the last piece. */
  #ended = false;

  /** @param tear ends the connection, at once and on both sides */
  constructor(
    private readonly from: Socket,
    private readonly to: Socket,
    private readonly direction: 'requests' | 'answers',
    private readonly tear: () => void,
  ) {
    from.on('data', (data) => this.#take(data));
    from.on('end', () => {
      this.#ended = true;
      this.#drain();
    });
    to.on('drain', () => this.#read());
  }

  /** Whether something is held back, including an end. */
  get silent(): boolean {
    return this.#silent;
  }

  set(trouble: Trouble | undefined): void {
    this.#silent = trouble?.kind === 'silent' && trouble[this.direction];
    this.#slow = trouble?.kind === 'slow' ? trouble : undefined;
    this.#tornShare = trouble?.kind === 'torn' ? trouble.share : 0;
    this.#read();
    this.#drain();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#waiting.length = 0;
  }

  #take(data: Buffer): void {
    if (Math.random() < this.#tornShare) {
      this.to.write(data.subarray(0, Math.floor(data.length / 2)), () => this.tear());
      return;
    }
    const delay = this.#slow === undefined ? 0 : between(this.#slow.fromMs, this.#slow.toMs);
    this.#lastDueAt = Math.max(this.#lastDueAt, performance.now() + delay);
    this.#waiting.push({ data, dueAt: this.#lastDueAt });
    if (this.#silent) this.from.pause();
    else this.#drain();
  }

  #drain(): void {
    clearTimeout(this.#timer);
    if (this.#silent) return;
    for (;;) {
      const [next] = this.#waiting;
      if (next === undefined) break;
      const left = next.dueAt - performance.now();
      if (left > 0) {
        this.#timer = setTimeout(() => this.#drain(), left);
        return;
      }
      this.#waiting.shift();
      if (!this.to.write(next.data)) this.from.pause();
    }
    if (this.#ended) this.to.end();
  }

  #read(): void {
    if (!this.#silent && !this.to.writableNeedDrain) this.from.resume();
  }
}

function between(min: number, max: number): number {
  return min + Math.random() * (max - min);
}
