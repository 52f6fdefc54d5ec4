import type { BacklogMeasure } from '@chorus/broker';
import type { Metrics, Observations } from '@chorus/service';
import type { ArchiveWork } from '../archive-work.js';
import type { BacklogReader } from './backlog-reader.js';

/** Seconds. A statement that takes longer than `DATABASE_TIMEOUT_MS` fails; a batch can be several. */
const BATCH_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function batchSeconds(metrics: Metrics): Observations {
  const help = 'Time it took to bring one batch of messages to PostgreSQL, in seconds.';
  return metrics.histogram('chorus_archiver_batch_seconds', help, BATCH_BUCKETS);
}

/** Registers what an archiver has done, and what waits. */
export function addArchiveMetrics(metrics: Metrics, work: ArchiveWork, backlog: BacklogReader): void {
  metrics.counter(
    'chorus_archiver_messages_total',
    'Messages brought to PostgreSQL. One that was read twice counts twice.',
    () => work.counts.messages,
  );
  metrics.counterBy(
    'chorus_archiver_batches_total',
    'outcome',
    'Batches of messages by what became of them: stored, or failed and tried again.',
    () => ({ stored: work.counts.stored, failed: work.counts.failed }),
  );
  metrics.gauge(
    'chorus_archiver_lag_seconds',
    'Age of the oldest message that waits to be stored, 0 when none does; the same for all archivers but for what each is storing.',
    async () => lagSeconds(work.oldestHeldAt, await backlog.read()),
  );
  metrics.gauge(
    'chorus_archiver_backlog_messages',
    'Messages in Redis that wait to be stored, the same for all archivers; an estimate while more than 128 rooms have some. Not told while Redis does not answer.',
    async () => (await backlog.read())?.messages,
  );
  metrics.gauge(
    'chorus_archiver_backlog_bytes',
    'Bytes of those messages, as ARCHIVE_BACKLOG_BYTES counts them, the same for all archivers. Not told while Redis does not answer.',
    async () => (await backlog.read())?.bytes,
  );
}

/** Clocks of other machines can be ahead of this one. */
function lagSeconds(heldAt: number | undefined, measure: BacklogMeasure | undefined): number | undefined {
  const times = [heldAt, measure?.oldestSentAt].filter((time) => time !== undefined);
  if (times.length === 0) return measure === undefined ? undefined : 0;
  return Math.max(0, (Date.now() - Math.min(...times)) / 1_000);
}
