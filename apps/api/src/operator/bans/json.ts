import type { StoredBan } from '../../bans/repository.js';

/** Returns a ban as operators see it. */
export function banJson({ userId, roomId, until, reason, createdAt }: StoredBan) {
  return {
    userId,
    roomId: roomId ?? null,
    until: until?.toISOString() ?? null,
    reason: reason ?? null,
    createdAt: createdAt.toISOString(),
  };
}
