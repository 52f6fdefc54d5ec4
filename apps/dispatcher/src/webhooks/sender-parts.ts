import type { EventFeed, EventLog } from '@chorus/database';
import type { Logger } from '@chorus/service';
import type { WebhookClient } from './webhook-client.js';
import type { WebhookRepository } from './webhook-repository.js';

export interface SenderParts {
  readonly log: Pick<EventLog, 'page'>;
  readonly feed: Pick<EventFeed, 'wait'>;
  readonly client: Pick<WebhookClient, 'deliver'>;
  readonly repository: WebhookRepository;
  readonly counts: DeliveryCounts;
  /** Events delivered to one endpoint at a time, one of each room. */
  readonly concurrency: number;
  /** Time after which an event is given up, in milliseconds. */
  readonly retentionMs: number;
  /** Pause after the first failure, in milliseconds. */
  readonly firstRetryMs: number;
  readonly logger: Logger;
}

/** Counts since the start; plain numbers, for metrics. */
export interface DeliveryCounts {
  delivered: number;
  failed: number;
  /** Events that were given up. */
  given_up: number;
}
