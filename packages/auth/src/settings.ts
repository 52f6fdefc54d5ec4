import { randomBytes } from 'node:crypto';
import { ConfigError, oneOf } from '@chorus/service';
import { z } from 'zod';
import type { AuthMode } from './guard.js';

/** The length of a SHA-256 digest: a shorter key makes HS256 weaker (RFC 7518, section 3.2). */
export const MIN_SECRET_BYTES = 32;

/** Settings of every service that signs or verifies tokens. */
export const authSettings = {
  NODE_ENV: z.string().optional().describe('`production` asks for a real `JWT_SECRET`.'),
  JWT_SECRET: z
    .string()
    .optional()
    .describe(
      `Key of the tokens, the same for all services; at least ${MIN_SECRET_BYTES} bytes in production.`,
    ),
  AUTH: oneOf(['token', 'open'])
    .default('token')
    .describe('`open` believes `userId` and `username` of the query and asks for no token.'),
};

export interface AuthConfig {
  readonly mode: AuthMode;
  /** Undefined when none is set, which is possible only outside of production. */
  readonly secret: string | undefined;
  /** What the operator should know: one line each, for the log. */
  readonly warnings: readonly string[];
}

/** @throws {ConfigError} in production, for a secret that is missing or short */
export function authConfig(settings: {
  NODE_ENV?: string | undefined;
  JWT_SECRET?: string | undefined;
  AUTH: AuthMode;
}): AuthConfig {
  const { JWT_SECRET: secret, AUTH: mode } = settings;
  const warnings: string[] = [];
  if (secret === undefined || Buffer.byteLength(secret) < MIN_SECRET_BYTES) {
    const problem = `JWT_SECRET is ${secret === undefined ? 'not set' : 'too short'}`;
    if (settings.NODE_ENV === 'production') {
      throw new ConfigError(`${problem}: in production it must be at least ${MIN_SECRET_BYTES} bytes long`);
    }
    if (secret !== undefined) warnings.push(`${problem} for production`);
  }
  if (mode === 'open') {
    warnings.push('AUTH=open: room routes and sockets need no token, anybody can act as anybody');
  }
  return { mode, secret, warnings };
}

/** A secret for one run; whoever generates one should say so. */
export function generateSecret(): string {
  return randomBytes(MIN_SECRET_BYTES).toString('base64url');
}
