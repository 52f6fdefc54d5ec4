import type { RoomDirectory } from '@chorus/broker';
import type { Router } from '@koa/router';
import type { Handler, RequestState } from '../http/context.js';
import type { RoomRepository } from '../rooms/room-repository.js';

interface HealthServices {
  readonly rooms: RoomRepository;
  readonly directory: RoomDirectory;
}

export function addHealthRoutes(router: Router<RequestState>, services: HealthServices): void {
  router.get('/livez', live);
  router.get('/readyz', ready(services));
}

/** The process works, whatever it depends on. */
const live: Handler = (ctx) => {
  ctx.body = { status: 'live' };
};

/** PostgreSQL and Redis answer, and gateways know every room. */
function ready({ rooms, directory }: HealthServices): Handler {
  return async (ctx) => {
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
    const isReady = postgresql === 'ok' && redis === 'ok';
    ctx.status = isReady ? 200 : 503;
    ctx.body = isReady
      ? { status: 'ready' }
      : { error: `not ready: PostgreSQL: ${postgresql}; Redis: ${redis}` };
  };
}
