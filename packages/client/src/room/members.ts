import type { Member } from '../types.js';

export interface MembersOptions {
  /** Requests a page. @param after members with larger ids */
  ask(after: number | undefined): void;
  onChange(members: readonly Member[]): void;
}

/** The members who are present in a room: read page by page, and updated between readings. */
export class Members {
  readonly #options: MembersOptions;
  #known = new Map<number, Member>();
  /** Members on the pages read so far. */
  #reading: Map<number, Member> | undefined;
  /** Members who left during a reading: a page that arrives later may still list them. */
  readonly #gone = new Set<number>();
  #sorted: readonly Member[] = [];

  constructor(options: MembersOptions) {
    this.#options = options;
  }

  get list(): readonly Member[] {
    return this.#sorted;
  }

  /** Starts a new reading of all pages. */
  read(): void {
    this.#reading = new Map();
    this.#gone.clear();
    this.#options.ask(undefined);
  }

  /** The page was refused or the connection ended: cancels the reading. */
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
