import type { LoadParts } from './load-parts.js';
import type { LoadResult } from './result.js';
import type { Scenario } from './scenario.js';

/** A run that cannot be done, or did not come to its end; the message is one line for whoever started it. */
export class LoadError extends Error {
  override readonly name = 'LoadError';
}

/**
 * Runs the scenario: connects, joins, waits until all are in their rooms, sends for the time of the warm-up and the
 * measurement, waits for what is under way, and compares what everybody received. When it settles no process is left.
 * Aborted by the signal it still resolves, with the results so far.
 *
 * @throws {LoadError} for a scenario that cannot be done with these parts, and when a worker dies
 */
export async function runLoad(_scenario: Scenario, _parts: LoadParts): Promise<LoadResult> {
  throw new LoadError('not there yet');
}
