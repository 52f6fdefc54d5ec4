import { z } from 'zod';
import type { Account } from '../auth/user-repository.js';
import { named, writtenAs } from '../http/schemas.js';
import type { Answer } from '../idempotency/stored-answers.js';

export const USER_KINDS = ['person', 'bot'] as const;

/** Reasons of failures for a user id that no user has. */
export const UNKNOWN_USER = { 404: 'There is no such user.' } as const;

export const userJson = named(
  'User',
  z
    .object({
      id: z.int().positive(),
      username: z.string(),
      kind: z.enum(USER_KINDS),
      createdAt: writtenAs(z.iso.datetime(), { type: 'string', format: 'date-time' }),
    })
    .describe('A user, as applications see it.'),
);

export function userOf({ id, username, kind, createdAt }: Account): z.input<typeof userJson> {
  return { id, username, kind, createdAt: createdAt.toISOString() };
}

/** The answer to the request that created a user. */
export const userAnswer = (user: Account): Answer => ({ createdId: user.id, body: userOf(user) });
