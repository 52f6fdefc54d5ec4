import type { Member } from '@chorus/client';

/** Names of users, as far as this page has seen them. */
export class Names {
  readonly #names = new Map<number, string>();

  note(users: Iterable<Member>): void {
    for (const { id, username } of users) this.#names.set(id, username);
  }

  all(): Member[] {
    return [...this.#names].map(([id, username]) => ({ id, username }));
  }

  nameOf(id: number): string | undefined {
    return this.#names.get(id);
  }
}
