import { createHash, createSecretKey, type KeyObject, randomUUID } from 'node:crypto';
import { type Member, parseId } from '@chorus/protocol';
import jwt from 'jsonwebtoken';

/** How long a token is valid, in seconds. The seed contract's cookie says the same. */
export const TOKEN_TTL_SECONDS = 3_600;

export interface VerifiedToken {
  readonly user: Member;
  /** Unique for every session, which is a sign-in and what was renewed since: what a revocation names. */
  readonly tokenId: string;
  /** Number of times that the user's sessions had been ended as a whole when this one began. */
  readonly generation: number;
  /** When the session began: milliseconds since 1970. */
  readonly startedAt: number;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** A token to be given out. */
export interface SignedToken {
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

export type TokenCheck =
  | { readonly ok: true; readonly token: VerifiedToken }
  | { readonly ok: false; readonly reason: 'missing' | 'expired' | 'invalid' };

/** Hex digits of a key's name: as good as unique among the few keys of one cluster. */
const KEY_ID_DIGITS = 16;

/**
 * Names a key in the header of the tokens that it signed (`kid`, RFC 7515, section 4.1.4). It tells nothing of the secret,
 * and the same secret has the same name in every process.
 */
export function keyId(secret: string): string {
  return createHash('sha256').update('chorus-kid').update(secret).digest('hex').slice(0, KEY_ID_DIGITS);
}

/** Signs tokens with one secret and verifies them with that and others (HS256). */
export class Tokens {
  /**
   * By name, the one that signs first. As key objects: verifying with a string costs fifty times as much.
   */
  readonly #keys: ReadonlyMap<string, KeyObject>;
  readonly #signing: { readonly id: string; readonly key: KeyObject };

  /**
   * @param secret of the tokens that are signed
   * @param acceptedSecrets of other tokens that are valid as well, so that a secret can be replaced while its tokens are out
   * @param maxSessionSeconds no token of a session is valid for longer after its sign-in
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

  /** The first token of a new session of this user. */
  sign(user: Member, generation = 0): string {
    const startedAt = Math.floor(Date.now() / 1_000) * 1_000;
    return this.#sign({ user, tokenId: randomUUID(), generation, startedAt }).text;
  }

  /** A newer token of the same session: what revokes one of them revokes both. */
  renew(token: VerifiedToken): SignedToken {
    return this.#sign(token);
  }

  /**
   * A token that names its key is checked with that one only; one that names none, as those before keys had names do, with
   * each.
   */
  verify(token: string | undefined): TokenCheck {
    if (token === undefined || token === '') return { ok: false, reason: 'missing' };
    for (const key of this.#keysOf(token)) {
      const check = verifyWith(key, token);
      // Whether a token has expired is only looked at when its signature is right: no other key would do better.
      if (check.ok || check.reason === 'expired') return check;
    }
    return { ok: false, reason: 'invalid' };
  }

  #sign({ user, tokenId, generation, startedAt }: Omit<VerifiedToken, 'expiresAt'>): SignedToken {
    const iat = Math.floor(Date.now() / 1_000);
    const auth_time = Math.floor(startedAt / 1_000);
    const exp = Math.min(iat + this.ttlSeconds, auth_time + this.maxSessionSeconds);
    const claims = { username: user.username, iat, exp, auth_time, gen: generation };
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
    // A critical extension must be understood (RFC 7515, section 4.1.11), and none is here.
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
    const header: unknown = jwt.decode(token, { complete: true })?.header;
    return typeof header === 'object' && header !== null ? header : undefined;
  } catch {
    // What is not JSON inside.
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
 * The library itself would accept a token that never expires. Tokens of applications that sign their own, and those of
 * earlier versions, have neither `auth_time` nor `gen`: their session begins when they were issued.
 */
function readClaims(claims: string | jwt.JwtPayload): VerifiedToken | undefined {
  if (typeof claims === 'string') return undefined;
  const { sub, username, jti, exp, iat, auth_time = iat ?? exp, gen = 0 } = claims;
  const id = parseId(sub);
  if (id === undefined || typeof username !== 'string' || username === '') return undefined;
  if (typeof jti !== 'string' || typeof exp !== 'number') return undefined;
  if (typeof auth_time !== 'number' || !Number.isSafeInteger(gen) || gen < 0) return undefined;
  return {
    user: { id, username },
    tokenId: jti,
    generation: gen,
    startedAt: auth_time * 1_000,
    expiresAt: exp * 1_000,
  };
}
