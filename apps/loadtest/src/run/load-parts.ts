import type { Identity } from '../dialect.js';
import type { Moment, ProcessCost } from '../result.js';

/**
 * Where a run is: nothing is connected yet, all connections are there and still quiet, the warm-up is over, the
 * last message was due.
 */
export type Phase = 'before' | 'connected' | 'measuring' | 'end';

/** Reads what server processes cost. */
export interface CostMeter {
  /** Takes a reading; it never fails, what cannot be read is undefined in {@link costs}. */
  mark(phase: Phase): Promise<void>;
  /** Processor time from `measuring` to `end`, memory at `before`, `connected` and `end`. */
  costs(): readonly ProcessCost[];
}

/** What `runLoad` needs besides the scenario. */
export interface LoadParts {
  /** Whom the connections belong to, by turns. */
  readonly identities: readonly Identity[];
  /** Rooms that exist, at least as many as the scenario has. */
  readonly roomIds: readonly number[];
  /** URL of a module that exports a `dialect`; by default the one of the scenario's protocol. */
  readonly dialect?: string;
  readonly costs?: CostMeter;
  readonly onPhase?: (phase: Phase) => void;
  /** Once a second. */
  readonly onMoment?: (moment: Moment) => void;
  /** Ends the load when there has been enough of it; what is under way is still waited for, and the result is whole. */
  readonly enough?: AbortSignal;
  /** Ends the run early; the result covers the time until then. */
  readonly signal?: AbortSignal;
}

/** A run that cannot start, or failed; the message is one line for the user of the command. */
export class LoadError extends Error {
  override readonly name = 'LoadError';
}
