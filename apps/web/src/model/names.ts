import type { Member } from '@chorus/client';
import { signal } from '@preact/signals';

/** Names of users, as far as this page has seen them, and which of them are bots. What reads one is drawn again when it becomes known. */
export class Names {
  readonly #users = signal<ReadonlyMap<number, Member>>(new Map());

  note(users: readonly Member[]): void {
    const known = this.#users.peek();
    // Lists of users who are present do not tell who is a bot.
    const fresh = users.filter(
      ({ id, username, bot }) => known.get(id)?.username !== username || (bot && !known.get(id)?.bot),
    );
    if (fresh.length === 0) return;
    const news = fresh.map(
      ({ id, username, bot = known.get(id)?.bot }) => [id, { id, username, bot }] as const,
    );
    this.#users.value = new Map([...known, ...news]);
  }

  all(): Member[] {
    return [...this.#users.peek().values()];
  }

  nameOf(id: number): string | undefined {
    return this.#users.value.get(id)?.username;
  }

  isBot(id: number): boolean {
    return this.#users.value.get(id)?.bot === true;
  }
}
