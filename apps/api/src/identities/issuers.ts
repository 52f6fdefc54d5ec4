import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ConfigError } from '@chorus/service';
import { z } from 'zod';

/** Signatures that tokens of issuers may have. All are asymmetric: who can verify a token cannot sign one. */
export const TOKEN_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const;
export type TokenAlgorithm = (typeof TOKEN_ALGORITHMS)[number];

/** Issuers of one cluster: each is compared with every other one at start. */
const MAX_ISSUERS = 100;

const MAX_ISSUER_BYTES = 1_024;

const text = z.string('must be a string').min(1, 'must not be empty');

/** A URL without the parts that a request does not send, or that logs must not show. */
const webUrl = text.refine((value) => {
  if (!URL.canParse(value)) return false;
  const { protocol, username, password, hash } = new URL(value);
  return /^https?:$/.test(protocol) && username === '' && password === '' && hash === '';
}, 'must be a URL that begins with https:// (or http://), without user name, password and fragment');

const webKey = z.looseObject({
  kty: z.enum(['RSA', 'EC', 'OKP']),
  kid: text.exactOptional(),
  alg: text.exactOptional(),
});

/** A public key as JSON Web Key (RFC 7517) or in PEM; parsed to the former. */
const publicKey = z
  .union([text, webKey], { error: 'must be a JSON Web Key, or PEM' })
  .transform((given, context) => {
    try {
      const pem = typeof given === 'string';
      // Node.js would make public keys of private ones, which have no place in the settings of who only verifies.
      if (pem ? !given.startsWith('-----BEGIN PUBLIC KEY-----') : 'd' in given)
        throw new Error('it is not a public key');
      const key = pem ? createPublicKey(given) : createPublicKey({ key: given, format: 'jwk' });
      return webKey.parse({ ...(pem ? {} : given), ...key.export({ format: 'jwk' }) });
    } catch (error) {
      context.addIssue(`cannot be used: ${error instanceof Error ? error.message : String(error)}`);
      return z.NEVER;
    }
  });

const claims = z
  .strictObject({
    id: text.default('sub'),
    name: text.default('preferred_username'),
    avatar: text.default('picture'),
  })
  .prefault({});

/** How people sign in on the chat page, by authorization code with PKCE. */
const page = z.strictObject({
  clientId: text,
  name: text.max(64, 'must be at most 64 characters long'),
  authorizationUrl: webUrl,
  tokenUrl: webUrl,
  scope: text.default('openid profile'),
});

const issuer = z
  .strictObject({
    issuer: text.refine(
      (name) => Buffer.byteLength(name) <= MAX_ISSUER_BYTES,
      `must have at most ${MAX_ISSUER_BYTES} bytes`,
    ),
    audience: z.union([text, z.array(text).min(1)], { error: 'must be a string, or a list of strings' }),
    jwksUrl: webUrl.optional(),
    keys: z.array(publicKey).min(1, 'must not be empty').optional(),
    algorithms: z
      .array(z.enum(TOKEN_ALGORITHMS, { error: `must be one of ${TOKEN_ALGORITHMS.join(', ')}` }))
      .min(1, 'must not be empty')
      .default(['RS256']),
    claims,
    page: page.optional(),
  })
  .refine(({ jwksUrl, keys }) => (jwksUrl === undefined) !== (keys === undefined), {
    error: 'needs either jwksUrl or keys',
  });

const issuers = z.array(issuer).min(1).max(MAX_ISSUERS);

/** An identity provider whose tokens this cluster accepts. */
export type IssuerConfig = Omit<z.output<typeof issuer>, 'audience'> & {
  /** A token needs one of them. */
  readonly audience: readonly string[];
};

/** Environment variables about users of identity providers. */
export const issuerSettings = {
  AUTH_ISSUERS: z
    .string()
    .optional()
    .describe(
      'Identity providers whose tokens [are exchanged](../how-to/bring-your-own-users.md) for sessions: JSON, or the path of a file with it.',
    ),
};

/**
 * Returns the issuers of `AUTH_ISSUERS`; none if it is not set.
 * @throws {ConfigError} with one line that names the variable and the field
 */
export function issuersConfig({
  AUTH_ISSUERS: given,
}: {
  AUTH_ISSUERS?: string | undefined;
}): IssuerConfig[] {
  if (given === undefined) return [];
  const inline = /^\s*[[{]/.test(given);
  const source = inline ? 'AUTH_ISSUERS' : `AUTH_ISSUERS=${given}`;
  const parsed = issuers.safeParse(parseJson(inline ? given : read(given), source));
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0] ?? { path: [], message: 'is not valid' };
    const field = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
    throw new ConfigError(`${source} is not valid: ${field === '' ? 'the list' : field} ${missing(message)}`);
  }
  const names = new Set<string>();
  return parsed.data.map((config) => {
    if (names.has(config.issuer)) {
      throw new ConfigError(
        `${source} is not valid: the issuer ${JSON.stringify(config.issuer)} is there twice`,
      );
    }
    names.add(config.issuer);
    return { ...config, audience: [config.audience].flat() };
  });
}

/** Returns the origins to which the chat page sends requests for tokens. */
export function tokenOrigins(configs: readonly IssuerConfig[]): string[] {
  return [
    ...new Set(configs.flatMap(({ page }) => (page === undefined ? [] : [new URL(page.tokenUrl).origin]))),
  ];
}

/** Returns warnings for the operator, one line each, for the log. */
export function issuerWarnings(configs: readonly IssuerConfig[]): string[] {
  return configs.flatMap(({ issuer, jwksUrl }) => {
    if (jwksUrl === undefined || isPrivate(new URL(jwksUrl))) return [];
    return `AUTH_ISSUERS: the keys of ${issuer} travel without TLS: an attacker who changes them on the way can sign in as any user`;
  });
}

/** Whether others on the network cannot change what travels. */
function isPrivate({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError(`AUTH_ISSUERS=${file} cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}

function parseJson(json: string, source: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    const [why] = String(error instanceof Error ? error.message : error).split('\n');
    throw new ConfigError(`${source} is not valid JSON: ${why}`);
  }
}

/** What the library says of a missing or unknown field, in the words of the other texts. */
function missing(message: string): string {
  return message.replace(/^Invalid input: expected .*$/, 'is missing or of the wrong type');
}
