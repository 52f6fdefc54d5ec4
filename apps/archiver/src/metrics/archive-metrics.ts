import type { BacklogMeasure } from '@chorus/broker';
import type { Metrics, Observations } from '@chorus/service';
import type { ArchiveWork } from '../messages/archive-work.js';
import type { Removal } from '../removal/removal.js';
import type { BacklogReader } from './backlog-reader.js';

/** In seconds. A statement fails after `DATABASE_TIMEOUT_MS`; a batch can consist of several statements. */
const BATCH_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function batchSeconds(metrics: Metrics): Observations {
  const help = 'Duration of storing a batch of messages in PostgreSQL, in seconds.';
  return metrics.histogram('chorus_archiver_batch_seconds', help, BATCH_BUCKETS);
}

/** Registers the metrics of an archiver: its work and the backlog. */
export function addArchiveMetrics(metrics: Metrics, work: ArchiveWork, backlog: BacklogReader): void {
  metrics.counter(
    'chorus_archiver_messages_total',
    'Messages stored in PostgreSQL. A message stored again after an archiver died counts again.',
    () => work.counts.messages,
  );
  metrics.counterBy(
    'chorus_archiver_batches_total',
    'outcome',
    'Batches of messages by outcome: stored, or failed and retried.',
    () => ({ stored: work.counts.stored, failed: work.counts.failed }),
  );
  metrics.gauge(
    'chorus_archiver_lag_seconds',
    'Age of the oldest message that waits to be stored, in seconds; 0 without any.',
    async () => lagSeconds(work.oldestHeldAt, await backlog.read()),
  );
  metrics.gauge(
    'chorus_archiver_backlog_messages',
    'Messages in Redis that wait to be stored, over all archivers; an estimate with more than 128 waiting rooms. Absent while Redis does not answer.',
    async () => (await backlog.read())?.messages,
  );
  metrics.gauge(
    'chorus_archiver_backlog_bytes',
    'Bytes of messages that wait to be stored, over all archivers, as ARCHIVE_BACKLOG_BYTES counts them. Absent while Redis does not answer.',
    async () => (await backlog.read())?.bytes,
  );
}

/** Registers the metrics of a removal. */
export function addRemovalMetrics(metrics: Metrics, removal: Removal): void {
  metrics.counterBy(
    'chorus_archiver_rows_removed_total',
    'reason',
    'Rows removed from PostgreSQL by reason: older than the retention, or of a deleted room.',
    () => ({ ...removal.counts }),
  );
}

/** Returns the age in seconds; never negative, because other machines' clocks can be ahead. */
function lagSeconds(heldAt: number | undefined, measure: BacklogMeasure | undefined): number | undefined {
  const times = [heldAt, measure?.oldestSentAt].filter((time) => time !== undefined);
  if (times.length === 0) return measure === undefined ? undefined : 0;
  return Math.max(0, (Date.now() - Math.min(...times)) / 1_000);
}
