import type { Identity } from '../dialect.js';
import type { Moment, ProcessCost } from '../result.js';

/**
 * Phases of a run: nothing is connected yet; all connections are open and idle; the warm-up is over; the last message
 * was due.
 */
export type Phase = 'before' | 'connected' | 'measuring' | 'end';

/** Reads the costs of server processes. */
export interface CostMeter {
  /** Takes a reading. Never fails: what cannot be read is undefined in {@link costs}. */
  mark(phase: Phase): Promise<void>;
  /** Returns processor time from `measuring` to `end`, memory at `before`, `connected` and `end`. */
  costs(): readonly ProcessCost[];
}

/** What `runLoad` needs besides the scenario. */
export interface LoadParts {
  /** Users of the connections, in turn. */
  readonly identities: readonly Identity[];
  /** Existing rooms, at least as many as the scenario has. */
  readonly roomIds: readonly number[];
  /** URL of a module that exports a `dialect`; default: that of the scenario's protocol. */
  readonly dialect?: string;
  readonly costs?: CostMeter;
  readonly onPhase?: (phase: Phase) => void;
  /** Called once per second. */
  readonly onMoment?: (moment: Moment) => void;
  /** Ends the load early; messages in flight are still waited for, and the result is complete. */
  readonly enough?: AbortSignal;
  /** Ends the run early; the result covers the time until then. */
  readonly signal?: AbortSignal;
}

/** A run that cannot start, or failed; the message is one line for the user of the command. */
export class LoadError extends Error {
  override readonly name = 'LoadError';
}
