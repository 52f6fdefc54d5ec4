import { createSecretKey, type KeyObject, randomUUID } from 'node:crypto';
import { type Member, parseId } from '@chorus/protocol';
import jwt from 'jsonwebtoken';

/** How long a token is valid, in seconds. The seed contract's cookie says the same. */
export const TOKEN_TTL_SECONDS = 3_600;

export interface VerifiedToken {
  readonly user: Member;
  /** Unique for every token: what a revocation would name. */
  readonly tokenId: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

export type TokenCheck =
  | { readonly ok: true; readonly token: VerifiedToken }
  | { readonly ok: false; readonly reason: 'missing' | 'expired' | 'invalid' };

/** Signs and verifies tokens with one secret (HS256). */
export class Tokens {
  /** As a key object: verifying with a string costs fifty times as much. */
  readonly #key: KeyObject;

  constructor(
    secret: string,
    private readonly ttlSeconds: number = TOKEN_TTL_SECONDS,
  ) {
    this.#key = createSecretKey(Buffer.from(secret));
  }

  /** A token of this user, valid from now on. */
  sign(user: Member): string {
    return jwt.sign({ username: user.username }, this.#key, {
      algorithm: 'HS256',
      subject: String(user.id),
      jwtid: randomUUID(),
      expiresIn: this.ttlSeconds,
    });
  }

  verify(token: string | undefined): TokenCheck {
    if (token === undefined || token === '') return { ok: false, reason: 'missing' };
    try {
      const claims = jwt.verify(token, this.#key, { algorithms: ['HS256'], clockTolerance: 0 });
      const verified = readClaims(claims);
      return verified === undefined ? { ok: false, reason: 'invalid' } : { ok: true, token: verified };
    } catch (error) {
      return { ok: false, reason: error instanceof jwt.TokenExpiredError ? 'expired' : 'invalid' };
    }
  }
}

/** Nothing is optional: the library itself would accept a token that never expires. */
function readClaims(claims: string | jwt.JwtPayload): VerifiedToken | undefined {
  if (typeof claims === 'string') return undefined;
  const { sub, username, jti, exp } = claims;
  const id = parseId(sub);
  if (id === undefined || typeof username !== 'string' || username === '') return undefined;
  if (typeof jti !== 'string' || typeof exp !== 'number') return undefined;
  return { user: { id, username }, tokenId: jti, expiresAt: exp * 1_000 };
}
