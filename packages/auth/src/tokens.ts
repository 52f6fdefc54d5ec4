import { createHash, createSecretKey, type KeyObject, randomUUID } from 'node:crypto';
import { type Member, parseId } from '@chorus/protocol';
import jwt from 'jsonwebtoken';

/** Life of a token, and Max-Age of its cookie, in seconds. */
export const TOKEN_TTL_SECONDS = 3_600;

export interface VerifiedToken {
  readonly user: Member;
  /** Unique per session, that is per sign-in and its renewals. Revocations refer to it. */
  readonly tokenId: string;
  /** Number of times that all of the user's sessions had been ended when this session began. */
  readonly generation: number;
  /** When the session began, in milliseconds since 1970. */
  readonly startedAt: number;
  /** In milliseconds since 1970. */
  readonly expiresAt: number;
}

/** A new token. */
export interface SignedToken {
  readonly text: string;
  /** In milliseconds since 1970. */
  readonly expiresAt: number;
}

export type TokenCheck =
  | { readonly ok: true; readonly token: VerifiedToken }
  | { readonly ok: false; readonly reason: 'missing' | 'expired' | 'invalid' };

/** Number of hex digits of a key id: practically unique among the few keys of one cluster. */
const KEY_ID_DIGITS = 16;

/**
 * Returns the id of a key in the headers of its tokens (`kid`, RFC 7515, section 4.1.4). It does not reveal the
 * secret and is equal in every process.
 */
export function keyId(secret: string): string {
  return createHash('sha256').update('chorus-kid').update(secret).digest('hex').slice(0, KEY_ID_DIGITS);
}

/** Id of the tokens that an API key gets: they are revoked together. */
export function keyTokenId(keyId: string): string {
  return `key:${keyId}`;
}

/** Whether an API key got the token. Such a token is for sockets only. */
export function isKeyToken({ tokenId }: Pick<VerifiedToken, 'tokenId'>): boolean {
  return tokenId.startsWith(keyTokenId(''));
}

/** Signs tokens with one secret and verifies them with that and others (HS256). */
export class Tokens {
  /** By key id, the signing key first. Key objects, because verifying with a string costs fifty times as much. */
  readonly #keys: ReadonlyMap<string, KeyObject>;
  readonly #signing: { readonly id: string; readonly key: KeyObject };

  /**
   * @param secret secret of new tokens
   * @param acceptedSecrets secrets of other valid tokens, so that a secret can be replaced while its tokens are in
   * use
   * @param maxSessionSeconds limit for the life of a session: no renewal is valid for longer after the sign-in
   */
  constructor(
    secret: string,
    private readonly ttlSeconds: number = TOKEN_TTL_SECONDS,
    acceptedSecrets: readonly string[] = [],
    private readonly maxSessionSeconds: number = Number.POSITIVE_INFINITY,
  ) {
    this.#signing = { id: keyId(secret), key: secretKey(secret) };
    this.#keys = new Map([
      [this.#signing.id, this.#signing.key],
      ...acceptedSecrets.map((accepted): [string, KeyObject] => [keyId(accepted), secretKey(accepted)]),
    ]);
  }

  /** Returns the first token of a new session of this user. */
  sign(user: Member, generation = 0): string {
    const startedAt = Math.floor(Date.now() / 1_000) * 1_000;
    return this.#sign({ user, tokenId: randomUUID(), generation, startedAt }).text;
  }

  /**
   * Returns a token that an API key gets for a user. All tokens of a key have one id: see {@link keyTokenId}.
   * @param end when the key expires
   */
  signForKey(user: Member, generation: number, keyId: string, end?: Date): SignedToken {
    return this.#sign(
      { user, tokenId: keyTokenId(keyId), generation, startedAt: Date.now() },
      end?.getTime(),
    );
  }

  /**
   * Returns a newer token of the same session: revoking one of them revokes both.
   * @param username name of the user now
   */
  renew(token: VerifiedToken, username = token.user.username): SignedToken {
    return this.#sign({ ...token, user: { ...token.user, username } });
  }

  /**
   * Verifies a token with the key that it names. Tokens without a key id, from before keys had ids, are tried with
   * every key.
   */
  verify(token: string | undefined): TokenCheck {
    if (token === undefined || token === '') return { ok: false, reason: 'missing' };
    for (const key of this.#keysOf(token)) {
      const check = verifyWith(key, token);
      // Expiry is checked after the signature, so no other key would do better.
      if (check.ok || check.reason === 'expired') return check;
    }
    return { ok: false, reason: 'invalid' };
  }

  #sign(
    { user, tokenId, generation, startedAt }: Omit<VerifiedToken, 'expiresAt'>,
    end = Number.POSITIVE_INFINITY,
  ): SignedToken {
    const iat = Math.floor(Date.now() / 1_000);
    const auth_time = Math.floor(startedAt / 1_000);
    const exp = Math.min(iat + this.ttlSeconds, auth_time + this.maxSessionSeconds, Math.floor(end / 1_000));
    const bot = user.bot && { bot: true };
    const claims = { username: user.username, ...bot, iat, exp, auth_time, gen: generation };
    const text = jwt.sign(claims, this.#signing.key, {
      algorithm: 'HS256',
      keyid: this.#signing.id,
      subject: String(user.id),
      jwtid: tokenId,
    });
    return { text, expiresAt: exp * 1_000 };
  }

  #keysOf(token: string): Iterable<KeyObject> {
    const header = headerOf(token);
    // A critical extension must be understood (RFC 7515, section 4.1.11); this class understands none.
    if (header === undefined || 'crit' in header) return [];
    if (!('kid' in header)) return this.#keys.values();
    const key = typeof header.kid === 'string' ? this.#keys.get(header.kid) : undefined;
    return key === undefined ? [] : [key];
  }
}

function secretKey(secret: string): KeyObject {
  return createSecretKey(Buffer.from(secret));
}

function headerOf(token: string): (object & { readonly kid?: unknown }) | undefined {
  try {
    // Not the whole token, which is decoded when it is verified.
    const header: unknown = JSON.parse(
      Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').toString(),
    );
    return typeof header === 'object' && header !== null ? header : undefined;
  } catch {
    // The header is not JSON.
    return undefined;
  }
}

function verifyWith(key: KeyObject, token: string): TokenCheck {
  try {
    const claims = jwt.verify(token, key, { algorithms: ['HS256'], clockTolerance: 0 });
    const verified = readClaims(claims);
    return verified === undefined ? { ok: false, reason: 'invalid' } : { ok: true, token: verified };
  } catch (error) {
    return { ok: false, reason: error instanceof jwt.TokenExpiredError ? 'expired' : 'invalid' };
  }
}

/**
 * Reads the claims; undefined unless all are valid. The library itself would accept a token that never expires.
 * Tokens that applications sign, and those of earlier versions, have neither `auth_time` nor `gen`: their session
 * begins when they were issued.
 */
function readClaims(claims: string | jwt.JwtPayload): VerifiedToken | undefined {
  if (typeof claims === 'string') return undefined;
  const { sub, username, bot, jti, exp, iat, auth_time = iat ?? exp, gen = 0 } = claims;
  const id = parseId(sub);
  if (id === undefined || typeof username !== 'string' || username === '') return undefined;
  if (typeof jti !== 'string' || typeof exp !== 'number') return undefined;
  if (typeof auth_time !== 'number' || !Number.isSafeInteger(gen) || gen < 0) return undefined;
  return {
    user: { id, username, ...(bot === true && { bot }) },
    tokenId: jti,
    generation: gen,
    startedAt: auth_time * 1_000,
    expiresAt: exp * 1_000,
  };
}
