import type { Webhook } from '@chorus/database';
import type { Undelivered } from './repository.js';

/** Returns a webhook without its secret. */
export function webhookJson(webhook: Webhook) {
  const { id, url, events, rooms, enabled, position, createdAt } = webhook;
  const { attempts, failingSince, nextAttemptAt, lastStatus, lastError } = webhook;
  return {
    ...{ id: Number(id), url, events, rooms: rooms.map(Number), enabled },
    after: `evt_${position}`,
    createdAt: createdAt.toISOString(),
    failing:
      failingSince === null && enabled
        ? null
        : {
            since: failingSince?.toISOString() ?? null,
            ...{ attempts, nextAttemptAt: nextAttemptAt?.toISOString() ?? null, lastStatus, lastError },
          },
  };
}

export function undeliveredJson({ at, nextAttemptAt, ...rest }: Undelivered) {
  return { ...rest, at: at.toISOString(), nextAttemptAt: nextAttemptAt?.toISOString() ?? null };
}
