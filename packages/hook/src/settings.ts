import { ConfigError, integer, oneOf, url } from '@chorus/service';
import { z } from 'zod';

/** Bytes of a secret, as Standard Webhooks recommends. */
const SECRET_BYTES = { least: 24, most: 64 };
const SECRET_PATTERN = /^whsec_([A-Za-z0-9+/]+={0,2})$/;
const SECRET_PROBLEM = `must be whsec_ and ${SECRET_BYTES.least} to ${SECRET_BYTES.most} random bytes in base64`;

/** Variables whose values no error text may show: a URL can hold a password. */
export const HOOK_SECRETS = ['BEFORE_PUBLISH_URL', 'BEFORE_PUBLISH_SECRET'];

/** Settings of every process that publishes messages of users. */
export const hookSettings = {
  BEFORE_PUBLISH_URL: url('https:', 'http:')
    .refine((value) => {
      if (!URL.canParse(value)) return true;
      const { username, password, hash } = new URL(value);
      return username === '' && password === '' && hash === '';
    }, 'must have no user name, password or fragment')
    .optional()
    .describe(
      'URL that decides about each text before it is published ([how to](../how-to/before-publish.md)). Without it every text is. Gateways and APIs need the same values of `BEFORE_PUBLISH_…`.',
    ),
  BEFORE_PUBLISH_SECRET: z
    .string()
    .refine((value) => {
      const bytes = keyOfSecret(value)?.length ?? 0;
      return bytes >= SECRET_BYTES.least && bytes <= SECRET_BYTES.most;
    }, SECRET_PROBLEM)
    .optional()
    .describe(
      'Secret that signs the requests to `BEFORE_PUBLISH_URL`, as Standard Webhooks says: `whsec_` and 24 to 64 bytes in base64. Required with the URL.',
    ),
  BEFORE_PUBLISH_TIMEOUT_MS: integer(10, 10_000)
    .default(300)
    .describe(
      'Time within which `BEFORE_PUBLISH_URL` must have answered, counted from the arrival of the text.',
    ),
  BEFORE_PUBLISH_ON_FAILURE: oneOf(['refuse', 'pass'])
    .default('refuse')
    .describe(
      'What becomes of a text without a valid answer in time: `refuse` answers the sender that it was not published, and that a retry can succeed; `pass` publishes it.',
    ),
  BEFORE_PUBLISH_CONCURRENCY: integer(1, 1_000)
    .default(32)
    .describe('Requests to `BEFORE_PUBLISH_URL` that one process has in progress at a time.'),
};

export interface HookConfig {
  readonly url: string;
  /** Key of the signatures. */
  readonly secret: Buffer;
  readonly timeoutMs: number;
  readonly onFailure: 'refuse' | 'pass';
  readonly concurrency: number;
}

/** Returns the configuration of the hook; undefined without one. @throws {ConfigError} a URL without a secret */
export function hookConfig(settings: {
  BEFORE_PUBLISH_URL?: string | undefined;
  BEFORE_PUBLISH_SECRET?: string | undefined;
  BEFORE_PUBLISH_TIMEOUT_MS: number;
  BEFORE_PUBLISH_ON_FAILURE: 'refuse' | 'pass';
  BEFORE_PUBLISH_CONCURRENCY: number;
}): HookConfig | undefined {
  const { BEFORE_PUBLISH_URL: to, BEFORE_PUBLISH_SECRET: given = '' } = settings;
  if (to === undefined) return undefined;
  const secret = keyOfSecret(given);
  if (secret === undefined) {
    throw new ConfigError(
      `BEFORE_PUBLISH_SECRET is not set: BEFORE_PUBLISH_URL needs it, it ${SECRET_PROBLEM}`,
    );
  }
  return {
    ...{ url: to, secret, timeoutMs: settings.BEFORE_PUBLISH_TIMEOUT_MS },
    onFailure: settings.BEFORE_PUBLISH_ON_FAILURE,
    concurrency: settings.BEFORE_PUBLISH_CONCURRENCY,
  };
}

/** Addresses of the machine itself, as `URL` writes them. */
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** Returns a warning if messages travel to the hook in a way that others on the network can read. */
export function hookWarning({ url: to }: HookConfig): string | undefined {
  const { protocol, hostname } = new URL(to);
  if (protocol === 'https:' || LOOPBACK.test(hostname)) return undefined;
  return 'BEFORE_PUBLISH_URL is not HTTPS: messages travel to it unencrypted';
}

function keyOfSecret(secret: string): Buffer | undefined {
  const [, encoded] = SECRET_PATTERN.exec(secret) ?? [];
  return encoded === undefined ? undefined : Buffer.from(encoded, 'base64');
}
