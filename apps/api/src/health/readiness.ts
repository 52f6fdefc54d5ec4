import type { RoomDirectory } from '@chorus/broker';
import type { RoomRepository } from '../rooms/room-repository.js';

interface Dependencies {
  readonly rooms: RoomRepository;
  readonly directory: RoomDirectory;
  /** Whether this replica was told to stop. */
  readonly isClosing: () => boolean;
}

/** The answer of `/readyz`, on whichever port. */
export type Readiness = () => Promise<
  | { status: 200; body: { status: 'ready' | 'degraded'; error?: string } }
  | { status: 503; body: { error: string } }
>;

/**
 * Only a replica that never was ready, or is going away, is not ready. Later, when PostgreSQL or Redis are away they are so for all replicas, and
 * each route says 503 for itself where it must; a balancer without any replica could not even answer what still works.
 */
export function readinessOf({ rooms, directory, isClosing }: Dependencies): Readiness {
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
