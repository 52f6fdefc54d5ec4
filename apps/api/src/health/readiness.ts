import type { RoomDirectory } from '@chorus/broker';
import { databaseTrouble } from '@chorus/database';
import { type ErrorBody, Refusal } from '@chorus/protocol';
import { type Logger, TroubleLog } from '@chorus/service';
import type { RoomRepository } from '../rooms/repository.js';

interface Dependencies {
  readonly rooms: RoomRepository;
  readonly directory: RoomDirectory;
  /** Returns why Redis does not work, as predicate of "Redis"; undefined if it works or the reason is unknown. */
  readonly redisTrouble: () => string | undefined;
  /** Whether this replica is stopping. */
  readonly isClosing: () => boolean;
  readonly log: Logger;
}

/** Returns the body of `/readyz`, for both ports. */
export type Readiness = () => Promise<
  { status: 200; body: { status: 'ready' | 'degraded'; error?: string } } | { status: 503; body: ErrorBody }
>;

/**
 * Only a replica that never was ready, or is stopping, is not ready. An outage of PostgreSQL or Redis affects all
 * replicas, and each route that needs them answers 503 by itself; a balancer without any replica could not even
 * forward the requests that still work.
 */
export function readinessOf({ rooms, directory, redisTrouble, isClosing, log }: Dependencies): Readiness {
  let wasReady = false;
  const troubles = new TroubleLog(log);
  return async () => {
    if (isClosing()) return notReady('draining');
    const [postgresql, redis] = await Promise.all([
      rooms.ping().then(() => 'ok', databaseTrouble),
      directory.isComplete().then(
        (complete) => redisTrouble() ?? (complete ? 'ok' : 'rooms missing'),
        () => redisTrouble() ?? 'does not answer',
      ),
    ]);
    if (postgresql === 'ok' && redis === 'ok') {
      wasReady = true;
      troubles.note(undefined);
      return { status: 200, body: { status: 'ready' } };
    }
    const error = `PostgreSQL: ${postgresql}; Redis: ${redis}`;
    troubles.note(error);
    return wasReady ? { status: 200, body: { status: 'degraded', error } } : notReady(`starting: ${error}`);
  };
}

function notReady(why: string): { status: 503; body: ErrorBody } {
  return { status: 503, body: new Refusal('not_ready', why).bodyFor() };
}
