import type { Member } from '../types.js';

/** Changes the members. @returns whether anything has changed */
type Change<Item> = (members: Map<number, Item>) => boolean;

/**
 * Members of a room, from readings and from changes between them. Changes during a reading are applied to its answer, too, which may be
 * older.
 */
export class Roster<Item extends Member> {
  /** In ascending order of id. Each change makes a new array. */
  list: readonly Item[] = [];
  readonly #onChange: (list: readonly Item[]) => void;
  #members = new Map<number, Item>();
  /** Changes since the reading began. */
  #changes: Array<Change<Item>> | undefined;

  constructor(onChange: (list: readonly Item[]) => void) {
    this.#onChange = onChange;
  }

  /** A reading begins. */
  start(): void {
    this.#changes = [];
  }

  apply(change: Change<Item>): void {
    this.#changes?.push(change);
    if (change(this.#members)) this.#changed();
  }

  /** The reading has ended with these members. */
  replace(members: readonly Item[]): void {
    this.#members = new Map(members.map((member) => [member.id, member]));
    for (const change of this.#changes ?? []) change(this.#members);
    this.#changes = undefined;
    this.#changed();
  }

  #changed(): void {
    this.list = [...this.#members.values()].sort((a, b) => a.id - b.id);
    this.#onChange(this.list);
  }
}
