import type { Member } from '../types.js';

export interface MembersOptions {
  /** Asks for those with ids after that one. */
  ask(after: number | undefined): void;
  onChange(members: readonly Member[]): void;
}

/** Who is in a room: read page by page, and kept up to date between readings. */
export class Members {
  readonly #options: MembersOptions;
  #known = new Map<number, Member>();
  /** Those of the pages so far. */
  #reading: Map<number, Member> | undefined;
  /** Who went during a reading, which may come late. */
  readonly #gone = new Set<number>();
  #sorted: readonly Member[] = [];

  constructor(options: MembersOptions) {
    this.#options = options;
  }

  get list(): readonly Member[] {
    return this.#sorted;
  }

  /** Reads all of them anew. */
  read(): void {
    this.#reading = new Map();
    this.#gone.clear();
    this.#options.ask(undefined);
  }

  /** The page was refused, or the connection is gone: it is not gone on with. */
  interrupted(): void {
    this.#reading = undefined;
  }

  page(members: readonly Member[], next: number | null): void {
    const reading = this.#reading;
    if (reading === undefined) return;
    for (const member of members) if (!this.#gone.has(member.id)) reading.set(member.id, member);
    if (next !== null) {
      this.#options.ask(next);
      return;
    }
    this.#reading = undefined;
    this.#known = reading;
    this.#changed();
  }

  came(member: Member): void {
    this.#gone.delete(member.id);
    this.#reading?.set(member.id, member);
    if (this.#known.has(member.id)) return;
    this.#known.set(member.id, member);
    this.#changed();
  }

  went(id: number): void {
    if (this.#reading !== undefined) this.#gone.add(id);
    this.#reading?.delete(id);
    if (this.#known.delete(id)) this.#changed();
  }

  #changed(): void {
    this.#sorted = [...this.#known.values()].sort((a, b) => a.id - b.id);
    this.#options.onChange(this.#sorted);
  }
}
