import type { FoundText } from '../history/conversation.js';
import { marksIn } from './marks.js';

/** Characters of a finding that a report shows. */
const SHOWN = 300;

/** Returns the marks in a text. */
export function foundIn(text: string, where: string): FoundText[] {
  const marks = new Set(marksIn(text).map(({ mark }) => mark));
  return [...marks].map((mark) => ({ mark, where }));
}

export function shortened(text: string): string {
  return text.slice(0, SHOWN);
}
