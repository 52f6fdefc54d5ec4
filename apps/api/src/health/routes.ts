import type { RoomDirectory } from '@chorus/broker';
import type { OperatorAnswer } from '@chorus/service';
import type { Router } from '@koa/router';
import type { Handler, RequestState } from '../http/context.js';
import type { RoomRepository } from '../rooms/room-repository.js';

interface HealthServices {
  readonly rooms: RoomRepository;
  readonly directory: RoomDirectory;
  /** Whether this replica was told to stop. */
  readonly isClosing: () => boolean;
}

/** The answer of `/readyz`, on whichever port. */
export type Readiness = () => Promise<OperatorAnswer>;

export function addHealthRoutes(router: Router<RequestState>, readiness: Readiness): void {
  router.get('/livez', live);
  router.get('/readyz', async (ctx) => {
    const { status, body } = await readiness();
    ctx.status = status;
    ctx.body = body;
  });
}

/** The process works, whatever it depends on. */
const live: Handler = (ctx) => {
  ctx.body = { status: 'live' };
};

/**
 * Only a replica that never was ready, or is going away, is not ready. Later, when PostgreSQL or Redis are away they are so for all replicas, and
 * each route says 503 for itself where it must; a balancer without any replica could not even answer what still works.
 */
export function readinessOf({ rooms, directory, isClosing }: HealthServices): Readiness {
  let wasReady = false;
  return async () => {
    if (isClosing()) return { status: 503, body: { error: 'draining' } };
    const [postgresql, redis] = await Promise.all([
      rooms.ping().then(
        () => 'ok',
        () => 'no answer',
      ),
      directory.isComplete().then(
        (complete) => (complete ? 'ok' : 'rooms missing'),
        () => 'no answer',
      ),
    ]);
    if (postgresql === 'ok' && redis === 'ok') {
      wasReady = true;
      return { status: 200, body: { status: 'ready' } };
    }
    const error = `PostgreSQL: ${postgresql}; Redis: ${redis}`;
    return wasReady
      ? { status: 200, body: { status: 'degraded', error } }
      : { status: 503, body: { error: `starting: ${error}` } };
  };
}
