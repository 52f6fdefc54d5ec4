import type { Metrics, Observations } from '@chorus/service';

/** What becomes of a text; the last three without a request. */
type Outcome =
  | ('pass' | 'change' | 'refuse')
  | ('timeout' | 'error' | 'invalid')
  | ('open' | 'full' | 'repeated');

/** Number of texts by what became of them; plain numbers, for metrics. */
export type HookCounts = Record<Outcome, number>;

/** State of the hook in one process. */
export interface HookState {
  /** Users and rooms with texts that wait. */
  readonly waiting: number;
  readonly open: boolean;
}

/** Where the hook counts. */
export interface HookMetrics {
  readonly counts: HookCounts;
  /** Seconds from the arrival of a text to the decision; undefined if metrics are not collected. */
  readonly duration: Observations | undefined;
  /** Sets how the state is read. */
  read(state: () => HookState): void;
}

/** Buckets in seconds: up to the longest time-out. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Registers the metrics of the hook, also for a process without one: then nothing is ever counted. */
export function hookMetrics(metrics: Metrics | undefined): HookMetrics {
  const counts: HookCounts = {
    ...{ pass: 0, change: 0, refuse: 0 },
    ...{ timeout: 0, error: 0, invalid: 0 },
    ...{ open: 0, full: 0, repeated: 0 },
  };
  let state = (): HookState => ({ waiting: 0, open: false });
  metrics?.counterBy(
    'chorus_before_publish_total',
    'outcome',
    'Texts about which the before-publish hook was to decide, by outcome.',
    () => counts,
  );
  metrics?.gauge(
    'chorus_before_publish_waiting',
    'Users and rooms with texts that wait for the before-publish hook.',
    () => state().waiting,
  );
  metrics?.gauge(
    'chorus_before_publish_open',
    '1 while the before-publish hook is not asked because it keeps failing, otherwise 0.',
    () => (state().open ? 1 : 0),
    'max',
  );
  const help =
    'Time from the arrival of a text to the decision about it, in seconds; without texts about which the hook was not asked.';
  return {
    counts,
    duration: metrics?.histogram('chorus_before_publish_duration_seconds', help, BUCKETS),
    read: (next) => {
      state = next;
    },
  };
}
