import type { RoomKind } from '@chorus/protocol';
import type { RoomSize } from '../room-directory.js';

const LETTERS: Readonly<Record<RoomKind, string>> = { public: '', private: 'p', direct: 'd' };

/** Returns the letters of a kind and size in the traits of a room. `traits.lua` decides the same. */
export function lettersOf(kind: RoomKind = 'public', size: RoomSize = 'empty'): string {
  if (size === 'empty') return LETTERS[kind];
  return (LETTERS[kind] || 'f') + (size === 'small' ? 's' : '');
}

/** Returns the kind of a room by the letters of its traits. */
export function kindOf(letters: string): RoomKind {
  if (letters.includes(LETTERS.private)) return 'private';
  return letters.includes(LETTERS.direct) ? 'direct' : 'public';
}
