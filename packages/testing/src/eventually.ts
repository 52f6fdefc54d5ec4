import { setTimeout as sleep } from 'node:timers/promises';
import { patiently } from './slowness.js';

const PAUSE_MS = 10;
/** Long enough for a busy machine; a test that passes waits only as long as it must. */
const WITHIN_MS = 15_000;

/**
 * Calls `expectation` until it no longer fails and returns its result, for states that nothing announces.
 * `withinMs` is in milliseconds on an idle machine, see {@link patiently}.
 *
 * @throws the last failure after that time
 */
export async function eventually<T>(expectation: () => Promise<T> | T, withinMs = WITHIN_MS): Promise<T> {
  const deadline = performance.now() + patiently(withinMs);
  for (;;) {
    try {
      return await expectation();
    } catch (error) {
      if (performance.now() >= deadline) throw error;
    }
    await sleep(PAUSE_MS);
  }
}

type Condition = () => Promise<boolean> | boolean;

/**
 * Waits until `condition` holds; `what` names it in the error, by default its source text.
 *
 * @throws {Error} if it does not hold within `withinMs` milliseconds, on an idle machine
 */
export function until(what: string, condition: Condition, withinMs?: number): Promise<void>;
export function until(condition: Condition): Promise<void>;
export async function until(
  what: string | Condition,
  condition = what as Condition,
  withinMs = WITHIN_MS,
): Promise<void> {
  const limit = patiently(withinMs);
  const deadline = performance.now() + limit;
  while (!(await condition())) {
    if (performance.now() >= deadline) throw new Error(`waited ${limit} ms for ${what}`);
    await sleep(PAUSE_MS);
  }
}
