import type { RoomKind } from '@chorus/protocol';

const LETTERS: Readonly<Record<RoomKind, string>> = { public: '', private: 'p', direct: 'd' };

/** Returns the letter that stands for a kind in the traits of a room. */
export function letterOf(kind: RoomKind | undefined): string {
  return LETTERS[kind ?? 'public'];
}

/** Returns the kind of a room by the letters of its traits. */
export function kindOf(letters: string): RoomKind {
  if (letters.includes(LETTERS.private)) return 'private';
  return letters.includes(LETTERS.direct) ? 'direct' : 'public';
}
