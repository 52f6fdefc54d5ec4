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
    () => secondsOf(db, OUTBOX),
    'max',
  );
  metrics.gauge(
    'chorus_dispatcher_webhook_failing_seconds',
    'Time for which the webhook that has failed longest has not received an event, in seconds: its endpoint counts as down, or events of a room wait for a retry. 0 without any. Absent while PostgreSQL does not answer.',
    () => secondsOf(db, FAILING),
    'max',
  );
}

const OUTBOX = 'SELECT extract(epoch FROM now() - at)::float8 AS age FROM event_outbox ORDER BY id LIMIT 1';
const FAILING = `SELECT extract(epoch FROM now() - min(since))::float8 AS age FROM (
  SELECT failing_since AS since FROM webhooks WHERE enabled
  UNION ALL
  SELECT lanes.since FROM webhook_lanes lanes JOIN webhooks ON webhooks.id = webhook_id WHERE enabled AND until IS NULL
) failing`;

async function secondsOf(db: Pick<Database, '$queryRawUnsafe'>, query: string): Promise<number | undefined> {
  return db.$queryRawUnsafe<Array<{ age: number | null }>>(query).then(
    ([row]) => Math.max(0, row?.age ?? 0),
    () => undefined,
  );
}
