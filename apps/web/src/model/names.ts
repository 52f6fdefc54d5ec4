import type { Member } from '@chorus/client';
import { signal } from '@preact/signals';

/** Names of users, as far as this page has seen them. What reads one is drawn again when it becomes known. */
export class Names {
  readonly #names = signal<ReadonlyMap<number, string>>(new Map());

  note(users: readonly Member[]): void {
    const names = this.#names.peek();
    const fresh = users.filter(({ id, username }) => names.get(id) !== username);
    if (fresh.length === 0) return;
    this.#names.value = new Map([...names, ...fresh.map(({ id, username }) => [id, username] as const)]);
  }

  all(): Member[] {
    return [...this.#names.peek()].map(([id, username]) => ({ id, username }));
  }

  nameOf(id: number): string | undefined {
    return this.#names.value.get(id);
  }
}
