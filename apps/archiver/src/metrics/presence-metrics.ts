import type { Metrics } from '@chorus/service';
import type { PresenceLog } from '../presence/presence-log.js';
import type { PresenceWork } from '../presence/presence-work.js';

/** Registers the metrics of what records the events of presence. */
export function addPresenceMetrics(
  metrics: Metrics,
  work: Pick<PresenceWork, 'oldestHeldAt'>,
  log: Pick<PresenceLog, 'counts'>,
): void {
  metrics.counterBy(
    'chorus_archiver_presence_events_total',
    'origin',
    'Events of presence recorded, by origin: decided, or inferred by comparing after a loss of data or when a journal was full.',
    () => ({ ...log.counts }),
  );
  metrics.gauge(
    'chorus_archiver_presence_lag_seconds',
    'Age of the oldest change of presence that was read and is not recorded yet, in seconds; 0 without any.',
    () => Math.max(0, (Date.now() - (work.oldestHeldAt ?? Date.now())) / 1_000),
    'max',
  );
}
