import type { RoomDirectory } from '@chorus/broker';
import type { Router } from '@koa/router';
import type { Handler, RequestState } from '../http/context.js';
import type { RoomRepository } from '../rooms/room-repository.js';

interface HealthServices {
  readonly rooms: RoomRepository;
  readonly directory: RoomDirectory;
  /** Whether this replica was told to stop. */
  readonly isClosing: () => boolean;
}

export function addHealthRoutes(router: Router<RequestState>, services: HealthServices): void {
  router.get('/livez', live);
  router.get('/readyz', ready(services));
}

/** The process works, whatever it depends on. */
const live: Handler = (ctx) => {
  ctx.body = { status: 'live' };
};

/**
 * Only a replica that never was ready, or is going away, is not ready. Later, when PostgreSQL or Redis are away they are so for all replicas, and
 * each route says 503 for itself where it must; a balancer without any replica could not even answer what still works.
 */
function ready({ rooms, directory, isClosing }: HealthServices): Handler {
  let wasReady = false;
  return async (ctx) => {
    if (isClosing()) {
      ctx.status = 503;
      ctx.body = { error: 'draining' };
      return;
    }
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
      ctx.body = { status: 'ready' };
      return;
    }
    const error = `PostgreSQL: ${postgresql}; Redis: ${redis}`;
    ctx.status = wasReady ? 200 : 503;
    ctx.body = wasReady ? { status: 'degraded', error } : { error: `starting: ${error}` };
  };
}
