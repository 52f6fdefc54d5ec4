import { setTimeout as sleep } from 'node:timers/promises';

const PAUSE_MS = 20;

/**
 * For states that nothing announces: tries again until `expectation` no longer fails, and returns
 * what it returned. After `withinMs` its last failure is the test's.
 */
export async function eventually<T>(expectation: () => Promise<T> | T, withinMs = 8_000): Promise<T> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    try {
      return await expectation();
    } catch (error) {
      if (Date.now() >= deadline) throw error;
    }
    await sleep(PAUSE_MS);
  }
}
