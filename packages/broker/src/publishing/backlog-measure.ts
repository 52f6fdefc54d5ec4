import type { BacklogMeasure } from '../archive-queue.js';

/** Waiting messages of one room. */
export interface Waiting {
  readonly messages: number;
  readonly oldestSentAt: number | undefined;
}

/** Extrapolates from the measured rooms to all waiting rooms. */
export function measured(
  { bytes, rooms }: { bytes: number; rooms: number },
  sample: readonly Waiting[],
): BacklogMeasure {
  const counted = sample.reduce((sum, { messages }) => sum + messages, 0);
  // The number of rooms can change between the reads.
  const scale = sample.length === 0 ? 0 : Math.max(1, rooms / sample.length);
  const times = sample.flatMap(({ oldestSentAt }) => oldestSentAt ?? []);
  return {
    bytes,
    rooms,
    messages: Math.round(counted * scale),
    oldestSentAt: times.length === 0 ? undefined : Math.min(...times),
  };
}
