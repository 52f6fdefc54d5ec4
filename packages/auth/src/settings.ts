import { randomBytes } from 'node:crypto';
import { ConfigError, oneOf } from '@chorus/service';
import { z } from 'zod';
import type { AuthMode } from './guard.js';

/** Length of a SHA-256 digest: a shorter key weakens HS256 (RFC 7518, section 3.2). */
export const MIN_SECRET_BYTES = 32;

/** Settings of every service that signs or verifies tokens. */
export const authSettings = {
  NODE_ENV: z.string().optional().describe('`production` requires a `JWT_SECRET` of 32 bytes or more.'),
  JWT_SECRET: z
    .string()
    .optional()
    .describe(
      `Key that signs tokens, one for all services; at least ${MIN_SECRET_BYTES} bytes in production.`,
    ),
  JWT_ACCEPTED_SECRETS: z
    .string()
    .optional()
    .describe(
      'More keys whose tokens are valid, comma-separated, for [replacing `JWT_SECRET`](../how-to/replace-keys.md) without signing users out; each as long as `JWT_SECRET`.',
    ),
  AUTH: oneOf(['token', 'open'])
    .default('token')
    .describe('`open` trusts `userId` and `username` of the query and needs no token.'),
};

/** The settings of {@link authSettings} that must never be shown. */
export const AUTH_SECRETS = ['JWT_SECRET', 'JWT_ACCEPTED_SECRETS'] as const;

export interface AuthConfig {
  readonly mode: AuthMode;
  /** Undefined if not set, which is possible only outside of production. */
  readonly secret: string | undefined;
  /** Secrets of other valid tokens. */
  readonly acceptedSecrets: readonly string[];
  /** Warnings for the operator, one line each, for the log. */
  readonly warnings: readonly string[];
}

/** @throws {ConfigError} in production, for a missing or short secret; the secret is never shown */
export function authConfig(settings: {
  NODE_ENV?: string | undefined;
  JWT_SECRET?: string | undefined;
  JWT_ACCEPTED_SECRETS?: string | undefined;
  AUTH: AuthMode;
}): AuthConfig {
  const { JWT_SECRET: secret, AUTH: mode } = settings;
  const warnings: string[] = [];
  const check = (name: string, value: string | undefined): void => {
    if (value !== undefined && Buffer.byteLength(value) >= MIN_SECRET_BYTES) return;
    const problem = `${name} is ${value === undefined ? 'not set' : 'too short'}`;
    if (settings.NODE_ENV === 'production') {
      throw new ConfigError(`${problem}: in production it must be at least ${MIN_SECRET_BYTES} bytes long`);
    }
    if (value !== undefined) warnings.push(`${problem} for production`);
  };
  check('JWT_SECRET', secret);
  if (secret !== undefined && (secret.includes(',') || secret.trim() !== secret)) {
    warnings.push(
      'JWT_SECRET has a comma, or blanks at an end: JWT_ACCEPTED_SECRETS cannot list it, so replacing it will sign all users out',
    );
  }
  const acceptedSecrets: string[] = [];
  // Numbered as in the operator's list, in which empty items count too.
  for (const [index, item] of (settings.JWT_ACCEPTED_SECRETS ?? '').split(',').entries()) {
    const accepted = item.trim();
    if (accepted === '') continue;
    check(`JWT_ACCEPTED_SECRETS, number ${index + 1} of the list,`, accepted);
    acceptedSecrets.push(accepted);
  }
  if (mode === 'open') {
    warnings.push('AUTH=open: room routes and sockets need no token, any client can act as any user');
  }
  return { mode, secret, acceptedSecrets, warnings };
}

/** Returns a secret for one run. The caller should log that it generated one. */
export function generateSecret(): string {
  return randomBytes(MIN_SECRET_BYTES).toString('base64url');
}
