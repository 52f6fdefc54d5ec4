import { type ReadonlySignal, signal } from '@preact/signals';

const now = signal(Date.now());

/**
 * A moment of the present day, in milliseconds since 1970. Changes at midnight, or when the computer wakes up later.
 */
export const today: ReadonlySignal<number> = now;

/** Interval at which the clock is checked, for computers that slept, in milliseconds. */
const LOOK_EVERY_MS = 30_000;

setInterval(() => {
  const at = Date.now();
  if (new Date(at).toDateString() !== new Date(now.value).toDateString()) now.value = at;
}, LOOK_EVERY_MS);
