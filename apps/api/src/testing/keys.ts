import { generateKey } from '@chorus/auth';
import type { Database } from '@chorus/database';
import type { KeyScope, Member } from '@chorus/protocol';
import type { Client } from './api.js';

/** A key in the database. */
export interface TestKey {
  readonly id: string;
  readonly text: string;
}

/** Creates an API key in the database. */
export async function newKey(
  db: Database,
  scopes: readonly KeyScope[],
  fields: {
    readonly botId?: number;
    readonly name?: string;
    readonly expiresAt?: Date;
    readonly messagesPerSecond?: number;
  } = {},
): Promise<TestKey> {
  const { id, secretHash, text } = generateKey();
  await db.apiKey.create({
    data: { id, name: 'billing', scopes: [...scopes], secretHash: Uint8Array.from(secretHash), ...fields },
  });
  return { id, text };
}

/** Returns a client that sends a key, as a user if one is given. */
export function withKey(client: Client, { text }: TestKey, user?: Pick<Member, 'id'>): Client {
  const actsAs = user === undefined ? {} : { 'X-Chorus-User': String(user.id) };
  return client.with({ Authorization: `Bearer ${text}`, ...actsAs });
}

/** Creates users with these names and ids. */
export async function newUsers(db: Database, users: readonly Member[], kind = 'person'): Promise<void> {
  await db.user.createMany({ data: users.map(({ id, username }) => ({ id, username, kind })) });
}
