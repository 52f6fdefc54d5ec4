import type { RoomDirectory } from '@chorus/broker';
import { databaseTrouble } from '@chorus/database';
import { type ErrorBody, Refusal } from '@chorus/protocol';
import { type Logger, TroubleLog } from '@chorus/service';
import type { RoomRepository } from '../rooms/repository.js';

interface Dependencies {
  readonly rooms: RoomRepository;
  readonly directory: RoomDirectory;
  /** Why Redis does not work at the moment, as predicate of "Redis", if known. */
  readonly redisTrouble: () => string | undefined;
  /** Whether this replica was told to stop. */
  readonly isClosing: () => boolean;
  readonly log: Logger;
}

/** The answer of `/readyz`, on whichever port. */
export type Readiness = () => Promise<
  { status: 200; body: { status: 'ready' | 'degraded'; error?: string } } | { status: 503; body: ErrorBody }
>;

/**
 * Only a replica that never was ready, or is going away, is not ready. Later, when PostgreSQL or Redis are away they are so for all replicas, and
 * each route says 503 for itself where it must; a balancer without any replica could not even answer what still works.
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
