import { formatPosition, isAfter, type Position } from '@chorus/protocol/constants';

/** Returns a copy with one entry in place of `remove` others. React Native lacks `toSpliced`. */
export function spliced<Entry>(
  entries: readonly Entry[],
  index: number,
  remove: number,
  entry: Entry,
): readonly Entry[] {
  return [...entries.slice(0, index), entry, ...entries.slice(index + remove)];
}

/** Returns the entries of both, each once, in the order of the room. */
export function merged<Entry extends Position>(a: readonly Entry[], b: readonly Entry[]): readonly Entry[] {
  const all = new Map([...a, ...b].map((entry) => [formatPosition(entry), entry]));
  return [...all.values()].sort((one, other) => (isAfter(one, other) ? 1 : -1));
}
