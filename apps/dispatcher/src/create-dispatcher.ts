import { randomBytes } from 'node:crypto';
import { type Database, databaseTrouble, EventFeed, EventLog } from '@chorus/database';
import {
  AllowedAddresses,
  type Closeable,
  Closer,
  type Logger,
  type Metrics,
  packageVersion,
  SecretBox,
  startWorker,
  type WorkerService,
} from '@chorus/service';
import type { DispatchConfig, DispatcherConfig } from './config.js';
import { addDispatchMetrics } from './metrics.js';
import { auditRetention } from './retention/audit-retention.js';
import { eventRetention } from './retention/event-retention.js';
import { Sequencer } from './sequencing/sequencer.js';
import { WebhookDispatching } from './webhooks/dispatching.js';
import { lanesAtOnce } from './webhooks/lanes.js';
import { WebhookClient } from './webhooks/webhook-client.js';
import { WebhookRepository } from './webhooks/webhook-repository.js';
import { WebhookTests } from './webhooks/webhook-tests.js';

const DAY_MS = 86_400_000;

const VERSION = packageVersion(new URL('../package.json', import.meta.url));

/** Dependencies of a dispatcher; it closes none of them. */
export interface DispatcherParts {
  readonly db: Database;
  /** Registry for its metrics. */
  readonly metrics: Metrics;
  readonly log: Logger;
}

/**
 * Starts a dispatcher with its ports. It runs whether or not PostgreSQL is reachable. Closing it finishes the step in progress; the
 * rest is left to other dispatchers.
 *
 * @throws {StartError} a port cannot be listened on; nothing is left running
 */
export function createDispatcher(
  config: DispatcherConfig,
  { db, metrics, log }: DispatcherParts,
): Promise<WorkerService> {
  return startWorker({
    ...{ service: 'dispatcher', version: VERSION, config, metrics, log },
    create: async (context) => ({
      trouble: () =>
        ping(db).then(
          () => undefined,
          (error: unknown) => `PostgreSQL ${databaseTrouble(error)}`,
        ),
      start: () => {
        const parts = { db, metrics, log: context.log };
        context.closer.add(startDispatching(config.dispatch, parts, context.nodeId));
      },
    }),
  });
}

/** Starts the work of a dispatcher within any process. */
export function startDispatching(
  config: DispatchConfig,
  { db, metrics, log }: DispatcherParts,
  nodeId: string,
): Closeable {
  const closer = new Closer();
  const sequencer = closer.add(new Sequencer(db, log));
  const removals = [
    closer.add(eventRetention(db, config.eventRetentionDays, log)),
    closer.add(auditRetention(db, config.auditRetentionDays, log)),
  ];
  const counts = { delivered: 0, failed: 0, given_up: 0 };
  addDispatchMetrics(metrics, sequencer, counts, db);
  const eventLog = new EventLog(db, config.retentionDays);
  const { webhookConcurrency: concurrency, webhookLeaseMs: leaseMs } = config;
  const addresses = new AllowedAddresses(config.webhookAllowAddresses);
  const client = closer.add(
    new WebhookClient(
      addresses,
      new SecretBox(config.webhookSecretKeys),
      concurrency + lanesAtOnce(concurrency),
    ),
  );
  closer.add(new WebhookTests(db, client, nodeId, log)).start();
  const parts = {
    log: eventLog,
    feed: closer.add(new EventFeed(eventLog)),
    client,
    // One process can restart under the name of one that died.
    repository: new WebhookRepository(db, `${nodeId}-${randomBytes(4).toString('hex')}`, leaseMs),
    ...{ counts, concurrency, retentionMs: config.webhookRetentionDays * DAY_MS, logger: log },
    firstRetryMs: config.webhookRetryMs,
  };
  const webhooks = closer.add(new WebhookDispatching(parts, leaseMs, log));
  sequencer.start();
  for (const removal of removals) removal.start();
  webhooks.start();
  return closer;
}

/** Rejects unless PostgreSQL answers, is migrated and would accept events. Changes nothing. */
async function ping(db: Database): Promise<void> {
  await db.$executeRaw`INSERT INTO events SELECT * FROM events WHERE false`;
}
