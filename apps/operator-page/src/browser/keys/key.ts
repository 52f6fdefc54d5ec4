/** An API key as `GET /keys` returns it. */
export interface Key {
  id: string;
  name: string;
  scopes: string[];
  botId: number | null;
  messagesPerSecond: number | null;
  createdAt: string;
  expiresAt: string | null;
  revokedAt: string | null;
  lastUsedAt: string | null;
}

/** Scopes and what they allow. A test compares the names with those of the API. */
export const SCOPES: ReadonlyArray<readonly [scope: string, explanation: string]> = [
  ['history:read', 'find rooms and users, read messages'],
  ['messages:write', 'send, change and delete messages'],
  ['rooms:write', 'create, change and delete rooms'],
  ['members:write', 'add, change, mute and remove members'],
  ['users:write', 'create, change and delete users and bots'],
  ['events:read', 'read all events'],
  ['webhooks:write', 'manage webhooks, which receive all events'],
  ['act-as', 'make requests as any user'],
];

export type KeyState = 'active' | 'expired' | 'revoked';

/** @param now milliseconds since 1970 */
export function stateOf({ revokedAt, expiresAt }: Key, now: number): KeyState {
  if (revokedAt !== null) return 'revoked';
  return expiresAt !== null && Date.parse(expiresAt) <= now ? 'expired' : 'active';
}
