import type { BacklogMeasure } from '../archive-queue.js';

/** Waiting messages of one room. */
export interface RoomBacklog {
  readonly messages: number;
  readonly oldestSentAt: number | undefined;
}

/** Extrapolates from the measured rooms to all waiting rooms. */
export function extrapolated(
  { bytes, rooms }: { bytes: number; rooms: number },
  sample: readonly RoomBacklog[],
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
