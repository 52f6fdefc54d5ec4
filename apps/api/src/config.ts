import { availableParallelism } from 'node:os';
import { AUTH_SECRETS, type AuthConfig, authConfig, authSettings } from '@chorus/auth';
import { type DatabaseConfig, databaseConfig, databaseSettings } from '@chorus/database';
import { HOOK_SECRETS, type HookConfig, hookConfig, hookSettings } from '@chorus/hook';
import type { MessageLimits } from '@chorus/protocol';
import { type RedisConfig, redisConfig, redisSettings } from '@chorus/redis';
import {
  type BalancedConfig,
  backlogSettings,
  balancedConfig,
  balancedSettings,
  ConfigError,
  type Environment,
  flag,
  integer,
  listenerSettings,
  messageLimitSettings,
  messageLimits,
  oneOf,
  parseSettings,
  retentionDays,
  retentionSettings,
  type TracesConfig,
  tracesConfig,
  tracesSettings,
  WEBHOOK_SECRETS,
  webhookAddressSettings,
  webhookSecretSettings,
} from '@chorus/service';
import { z } from 'zod';
import { type CookieOptions, SAME_SITE } from './auth/callers/token-cookie.js';
import type { RateLimitConfig } from './auth/rate-limits/rate-limits.js';
import { type IssuerConfig, issuerSettings, issuersConfig } from './identities/issuers.js';
import { MAIL_SECRETS, type MailConfig, mailConfig, mailSettings } from './mail/settings.js';
import { type OperatorConfig, operatorConfig, operatorSettings } from './operator/config.js';

/**
 * bcrypt runs on libuv's four threads. One of them stays free for other work, and more than the number of cores only
 * makes each sign-in slower.
 */
const BCRYPT_CONCURRENCY = Math.min(3, availableParallelism());

/** The API's own environment variables. `docs/reference/configuration.md` is checked against this list. */
export const apiSettings = {
  ...listenerSettings(3000),
  ...balancedSettings,
  ...authSettings,
  ...issuerSettings,
  AUTH_PASSWORDS: oneOf(['on', 'off'])
    .default('on')
    .describe('`off` refuses signing up, signing in and changing passwords: users come from `AUTH_ISSUERS`.'),
  COOKIE_SECURE: oneOf(['auto', 'true', 'false'])
    .default('auto')
    .describe(
      '`Secure` of the cookie. `auto`: if the request came over TLS, according to `X-Forwarded-Proto` of the proxies that `TRUST_PROXY` counts.',
    ),
  COOKIE_SAMESITE: oneOf(SAME_SITE)
    .default('lax')
    .describe('`SameSite` of the cookie; `none` needs `COOKIE_SECURE=true`.'),
  HSTS_INCLUDE_SUBDOMAINS: flag()
    .default(false)
    .describe(
      'Adds `includeSubDomains` to `Strict-Transport-Security`: set it if every subdomain uses HTTPS.',
    ),
  SESSION_MAX_DAYS: integer(1, 3_650)
    .default(30)
    .describe('Lifetime of a session in days, however often its token is renewed.'),
  PASSWORD_MIN_LENGTH: integer(6, 64)
    .default(6)
    .describe('Minimum length of a new password in characters. 10 or more are recommended.'),
  BCRYPT_COST: integer(4, 16)
    .default(10)
    .describe('bcrypt cost of a password hash; each step doubles the time.'),
  BCRYPT_CONCURRENCY: integer(1, 64)
    .default(BCRYPT_CONCURRENCY)
    .describe('Passwords hashed in parallel; by default the number of cores, at most 3.'),
  BCRYPT_QUEUE: integer(1, 100_000)
    .default(256)
    .describe('Passwords that may wait to be hashed; further sign-ins and sign-ups get 503.'),
  RATE_LIMIT_WINDOW_SECONDS: integer(1, 86_400)
    .default(900)
    .describe('Window in which the `SIGNIN_…`, `SIGNUP_…` and `MAIL…` limits count attempts, in seconds.'),
  SIGNIN_FAILURES_PER_ACCOUNT: integer(1, 1_000_000)
    .default(10)
    .describe('Failed sign-ins to one account before further ones get 429.'),
  SIGNIN_ATTEMPTS_PER_ADDRESS: integer(1, 1_000_000)
    .default(300)
    .describe('Sign-ins from one address before further ones get 429.'),
  SIGNUP_ATTEMPTS_PER_ACCOUNT: integer(1, 1_000_000)
    .default(50)
    .describe('Sign-ups with one e-mail address before further ones get 429.'),
  SIGNUP_ATTEMPTS_PER_ADDRESS: integer(1, 1_000_000)
    .default(300)
    .describe('Sign-ups from one address before further ones get 429.'),
  MAILS_PER_ACCOUNT: integer(1, 1_000_000)
    .default(3)
    .describe('Requests for mails to one e-mail address before further ones get 429.'),
  MAIL_REQUESTS_PER_ADDRESS: integer(1, 1_000_000)
    .default(100)
    .describe('Requests for mails from one address before further ones get 429.'),
  MAX_ROOMS_PER_USER: integer(1, 1_000_000_000)
    .default(10_000)
    .describe('Rooms that a user may own (created and not deleted); creating another one gets 403.'),
  MAX_MEMBERS_PER_ROOM: integer(2, 10_000_000)
    .default(100_000)
    .describe('Members that a room may have; adding another one gets 403.'),
  MAX_INVITES_PER_ROOM: integer(1, 100_000)
    .default(100)
    .describe('Invitations of a room that may be open at a time; creating another one gets 403.'),
  MAX_DIRECT_USERS: integer(2, 50).default(9).describe('Users that a direct room may have.'),
  MAX_API_MESSAGES_PER_SECOND_PER_USER: integer(1, 1_000_000)
    .default(100)
    .describe(
      'Messages, changes and reports per second that a user may send with a token through one API; further ones get 429.',
    ),
  MAX_API_MESSAGES_PER_SECOND_PER_KEY: integer(1, 1_000_000)
    .default(1_000)
    .describe(
      'Messages, changes and reports per second that an API key without a limit of its own may send through one API; further ones get 429.',
    ),
  ...messageLimitSettings,
  ...retentionSettings,
  ...webhookAddressSettings,
  ...webhookSecretSettings,
  ...hookSettings,
  ...mailSettings,
  MAX_WEBHOOKS: integer(1, 10_000).default(100).describe('Webhooks that the application may have.'),
  ...operatorSettings,
  ...tracesSettings,
  WEB_DIR: z
    .string()
    .optional()
    .describe(
      'Folder of the built chat page (`apps/web/dist`), served at `/`. Images, `npm start` and `pnpm cluster` set it; without it there is no page.',
    ),
  DOCS_DIR: z
    .string()
    .optional()
    .describe(
      'Folder of the built documentation (`apps/docs/dist`), served at `/docs/`. `npm start` and `pnpm cluster` set it, images do not; without it `/docs/` is unknown.',
    ),
  SHUTDOWN_TIMEOUT_MS: integer(0, 600_000)
    .default(10_000)
    .describe('Time for requests in progress to finish during shutdown, after `DRAIN_DELAY_MS`.'),
};

/** Addresses of PostgreSQL and Redis, for a process of its own. */
export const storeSettings = {
  ...databaseSettings,
  ...redisSettings,
  ...backlogSettings,
};

export interface ApiConfig extends BalancedConfig {
  readonly auth: AuthConfig;
  readonly issuers: readonly IssuerConfig[];
  /** Whether users sign up and in with passwords. */
  readonly passwordsOn: boolean;
  /** Undefined: there is no before-publish hook. */
  readonly hook: HookConfig | undefined;
  /** Undefined: no mails are sent. */
  readonly mail: MailConfig | undefined;
  readonly cookie: CookieOptions;
  readonly hstsIncludeSubDomains: boolean;
  readonly maxSessionSeconds: number;
  /** Characters (code points). */
  readonly passwordMinLength: number;
  readonly bcrypt: { readonly cost: number; readonly concurrency: number; readonly maxWaiting: number };
  readonly rateLimits: RateLimitConfig;
  readonly maxRoomsPerUser: number;
  readonly maxMembersPerRoom: number;
  readonly maxInvitesPerRoom: number;
  readonly maxDirectUsers: number;
  readonly messageLimits: MessageLimits;
  /** Undefined: messages are kept for ever. */
  readonly retentionDays: number | undefined;
  readonly maxMessagesPerSecondPerUser: number;
  /** Ranges of addresses that are not public and to which webhooks may be sent. */
  readonly webhookAllowAddresses: readonly string[];
  /** Keys of the secrets of webhooks in PostgreSQL. */
  readonly webhookSecretKeys: readonly string[];
  readonly maxWebhooks: number;
  /** Of keys without a limit of their own. */
  readonly maxMessagesPerSecondPerKey: number;
  readonly shutdownTimeoutMs: number;
  /** Undefined without an operator port. */
  readonly operator: OperatorConfig | undefined;
  /** Undefined without tracing. */
  readonly traces: TracesConfig | undefined;
  /** Folder of the chat page; undefined without one. */
  readonly webDir: string | undefined;
  /** Folder of the documentation; undefined without it. */
  readonly docsDir: string | undefined;
}

export interface StoreConfig {
  readonly database: DatabaseConfig;
  readonly redis: RedisConfig;
  readonly redisPrefix: string;
  /** Bytes of messages in Redis that may wait for the archiver. */
  readonly maxBacklogBytes: number;
}

/** @throws {ConfigError} with one line that names the variable */
export function loadApiConfig(env: Environment): ApiConfig {
  const settings = parseSettings(apiSettings, env, [
    ...AUTH_SECRETS,
    ...HOOK_SECRETS,
    ...WEBHOOK_SECRETS,
    ...MAIL_SECRETS,
    'OPERATOR_TOKEN',
  ]);
  return {
    ...balancedConfig(settings),
    auth: authConfig(settings),
    issuers: issuersConfig(settings),
    passwordsOn: settings.AUTH_PASSWORDS === 'on',
    hook: hookConfig(settings),
    mail: mailConfig(settings),
    cookie: cookieOptions(settings),
    hstsIncludeSubDomains: settings.HSTS_INCLUDE_SUBDOMAINS,
    maxSessionSeconds: settings.SESSION_MAX_DAYS * 86_400,
    passwordMinLength: settings.PASSWORD_MIN_LENGTH,
    bcrypt: {
      cost: settings.BCRYPT_COST,
      concurrency: settings.BCRYPT_CONCURRENCY,
      maxWaiting: settings.BCRYPT_QUEUE,
    },
    rateLimits: {
      windowSeconds: settings.RATE_LIMIT_WINDOW_SECONDS,
      signInFailuresPerAccount: settings.SIGNIN_FAILURES_PER_ACCOUNT,
      signInAttemptsPerAddress: settings.SIGNIN_ATTEMPTS_PER_ADDRESS,
      signUpAttemptsPerAccount: settings.SIGNUP_ATTEMPTS_PER_ACCOUNT,
      signUpAttemptsPerAddress: settings.SIGNUP_ATTEMPTS_PER_ADDRESS,
      mailsPerAccount: settings.MAILS_PER_ACCOUNT,
      mailRequestsPerAddress: settings.MAIL_REQUESTS_PER_ADDRESS,
    },
    maxRoomsPerUser: settings.MAX_ROOMS_PER_USER,
    maxMembersPerRoom: settings.MAX_MEMBERS_PER_ROOM,
    maxInvitesPerRoom: settings.MAX_INVITES_PER_ROOM,
    maxDirectUsers: settings.MAX_DIRECT_USERS,
    messageLimits: messageLimits(settings),
    retentionDays: retentionDays(settings),
    maxMessagesPerSecondPerUser: settings.MAX_API_MESSAGES_PER_SECOND_PER_USER,
    webhookAllowAddresses: settings.WEBHOOK_ALLOW_ADDRESSES,
    webhookSecretKeys: settings.WEBHOOK_SECRET_KEYS,
    maxWebhooks: settings.MAX_WEBHOOKS,
    maxMessagesPerSecondPerKey: settings.MAX_API_MESSAGES_PER_SECOND_PER_KEY,
    shutdownTimeoutMs: settings.SHUTDOWN_TIMEOUT_MS,
    operator: operatorConfig(settings),
    traces: tracesConfig(settings),
    webDir: settings.WEB_DIR,
    docsDir: settings.DOCS_DIR,
  };
}

/** @throws {ConfigError} with one line that names the variable */
export function loadStoreConfig(env: Environment): StoreConfig {
  const settings = parseSettings(storeSettings, env, ['DATABASE_URL', 'REDIS_URL']);
  return {
    database: databaseConfig(settings, env),
    redis: redisConfig(settings),
    redisPrefix: settings.REDIS_PREFIX,
    maxBacklogBytes: settings.ARCHIVE_BACKLOG_BYTES,
  };
}

function cookieOptions(settings: {
  COOKIE_SECURE: 'auto' | 'true' | 'false';
  COOKIE_SAMESITE: CookieOptions['sameSite'];
  NODE_ENV?: string | undefined;
}): CookieOptions {
  const { COOKIE_SECURE, COOKIE_SAMESITE: sameSite } = settings;
  const secure = COOKIE_SECURE === 'auto' ? COOKIE_SECURE : COOKIE_SECURE === 'true';
  // Browsers silently drop a cookie with SameSite=None that is not Secure.
  if (sameSite === 'none' && secure !== true) {
    throw new ConfigError('COOKIE_SAMESITE="none" is not valid: it needs COOKIE_SECURE=true');
  }
  return { secure, sameSite, production: settings.NODE_ENV === 'production' };
}
