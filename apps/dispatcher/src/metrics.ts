import type { Database } from '@chorus/database';
import type { Metrics } from '@chorus/service';
import type { Sequencer } from './sequencing/sequencer.js';
import type { DeliveryCounts } from './webhooks/sender-parts.js';

/** Registers the metrics of a dispatcher. */
export function addDispatchMetrics(
  metrics: Metrics,
  sequencer: Sequencer,
  deliveries: DeliveryCounts,
  db: Pick<Database, '$queryRawUnsafe'>,
): void {
  metrics.counter(
    'chorus_dispatcher_events_total',
    'Events moved from the outbox to the log.',
    () => sequencer.moved,
  );
  metrics.counterBy(
    'chorus_dispatcher_deliveries_total',
    'outcome',
    'Deliveries to webhooks by outcome: delivered, failed and retried, or given up.',
    () => ({ ...deliveries }),
  );
  metrics.gauge(
    'chorus_dispatcher_outbox_seconds',
    'Age of the oldest event that waits for its position, in seconds; 0 without any. Absent while PostgreSQL does not answer.',
    () => outboxSeconds(db),
    'max',
  );
}

async function outboxSeconds(db: Pick<Database, '$queryRawUnsafe'>): Promise<number | undefined> {
  const read = db.$queryRawUnsafe<Array<{ age: number | null }>>(
    'SELECT extract(epoch FROM now() - at)::float8 AS age FROM event_outbox ORDER BY id LIMIT 1',
  );
  return read.then(
    ([row]) => Math.max(0, row?.age ?? 0),
    () => undefined,
  );
}
