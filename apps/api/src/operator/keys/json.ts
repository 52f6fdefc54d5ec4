import type { StoredKey } from '../../keys/key-repository.js';

/** Returns a key as operators see it: without its secret. */
export function keyJson(key: StoredKey) {
  return {
    id: key.id,
    name: key.name,
    scopes: key.scopes,
    botId: key.botId ?? null,
    messagesPerSecond: key.messagesPerSecond ?? null,
    createdAt: key.createdAt.toISOString(),
    expiresAt: key.expiresAt?.toISOString() ?? null,
    revokedAt: key.revokedAt?.toISOString() ?? null,
    lastUsedAt: key.lastUsedAt?.toISOString() ?? null,
  };
}
