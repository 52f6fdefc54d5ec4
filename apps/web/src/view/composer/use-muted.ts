import { useEffect, useState } from 'preact/hooks';
import type { Conversation } from '../../model/conversation/conversation.js';

/** Longest time of a timer, in milliseconds. */
const LONGEST_MS = 2 ** 31 - 1;

/** Whether the user may not write at the moment. */
export function useMuted({ mutedUntil }: Conversation): boolean {
  const until = mutedUntil.value;
  const [, again] = useState(0);
  const left = until - Date.now();
  useEffect(() => {
    if (left <= 0) return;
    const timer = setTimeout(() => again((times) => times + 1), Math.min(left, LONGEST_MS));
    return () => clearTimeout(timer);
  }, [until]);
  return left > 0;
}
