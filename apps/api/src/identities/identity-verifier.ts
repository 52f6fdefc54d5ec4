import type { Logger } from '@chorus/service';
import {
  createLocalJWKSet,
  decodeJwt,
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  jwtVerify,
} from 'jose';
import { isAvatarUrl } from '../names/avatar-url.js';
import { type Identity, type IdentityProblem, InvalidIdentity } from './identity.js';
import type { IssuerConfig } from './issuers.js';
import { KEY_TIMES, type KeyTimes, RemoteKeys } from './remote-keys.js';

/** Largest difference between the clocks of an issuer and of this process, in seconds. */
const CLOCK_TOLERANCE_SECONDS = 30;
/** Bytes of an id: with the longest issuer they fit into an entry of an index of PostgreSQL, which has at most 2,704. */
const MAX_SUBJECT_BYTES = 1_024;
/** Characters of a name that are kept: more than a user name holds. */
const MAX_NAME_LENGTH = 256;
/** NUL and halves of surrogate pairs: PostgreSQL cannot store them. */
const UNSTORABLE = /[\0\p{Cs}]/u;

interface Issuer {
  readonly config: IssuerConfig;
  readonly find: JWTVerifyGetKey;
}

/** Verifies tokens of the identity providers that the operator has named. */
export class IdentityVerifier {
  readonly #issuers: ReadonlyMap<string, Issuer>;

  constructor(configs: readonly IssuerConfig[], log: Logger, times: KeyTimes = KEY_TIMES) {
    this.#issuers = new Map(
      configs.map((config) => [
        config.issuer,
        {
          config,
          find:
            config.jwksUrl === undefined
              ? givenKeys(config)
              : new RemoteKeys(config.jwksUrl, log, times).find,
        },
      ]),
    );
  }

  /**
   * @throws {InvalidIdentity} the token is refused
   * @throws {KeysUnavailable} it cannot be checked at present
   */
  async verify(token: string): Promise<Identity> {
    const issuer = this.#issuers.get(issuerOf(token));
    if (issuer === undefined) throw new InvalidIdentity('issuer');
    const { config, find } = issuer;
    try {
      const payload = await payloadOf(token, find, {
        issuer: config.issuer,
        audience: [...config.audience],
        algorithms: config.algorithms,
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        requiredClaims: ['exp'],
      });
      return identityOf(payload, config);
    } catch (error) {
      const why = problemOf(error);
      if (why === undefined) throw error;
      throw new InvalidIdentity(why);
    }
  }
}

/** Verifies a token. One that does not name its key is tried with each that fits its algorithm. */
async function payloadOf(
  token: string,
  find: JWTVerifyGetKey,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  try {
    return (await jwtVerify(token, find, options)).payload;
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    for await (const key of error) {
      try {
        return (await jwtVerify(token, key, options)).payload;
      } catch (other) {
        if (!(other instanceof errors.JWSSignatureVerificationFailed)) throw other;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}

/** The issuer that a token names, before anything of it is verified: it only chooses among the known ones. */
function issuerOf(token: string): string {
  try {
    return decodeJwt(token).iss ?? '';
  } catch {
    throw new InvalidIdentity('malformed');
  }
}

function identityOf(payload: JWTPayload, { issuer, claims }: IssuerConfig): Identity {
  const id = payload[claims.id];
  const subject = typeof id === 'number' && Number.isSafeInteger(id) ? String(id) : id;
  if (
    typeof subject !== 'string' ||
    subject === '' ||
    Buffer.byteLength(subject) > MAX_SUBJECT_BYTES ||
    UNSTORABLE.test(subject)
  ) {
    throw new InvalidIdentity('subject');
  }
  const name = payload[claims.name] ?? payload.name;
  const avatar = payload[claims.avatar];
  return {
    ...{ issuer, subject },
    name: nameIn(name),
    avatarUrl: typeof avatar === 'string' && isAvatarUrl(avatar) ? avatar : undefined,
    issuedAt: payload.iat === undefined ? new Date() : new Date(payload.iat * 1_000),
  };
}

function nameIn(claim: unknown): string | undefined {
  if (typeof claim !== 'string' || claim === '' || UNSTORABLE.test(claim)) return undefined;
  return Array.from(claim).slice(0, MAX_NAME_LENGTH).join('');
}

/** Returns why the library refuses a token; undefined for other errors. */
function problemOf(error: unknown): IdentityProblem | undefined {
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JWTClaimValidationFailed) {
    switch (error.claim) {
      case 'aud':
        return 'audience';
      case 'iss':
        return 'issuer';
      case 'nbf':
      case 'iat':
        return 'notYet';
      case 'exp':
        return 'noExpiry';
      default:
        return 'malformed';
    }
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return 'algorithm';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'signature';
  if (error instanceof errors.JWKSNoMatchingKey) return 'key';
  if (error instanceof errors.JOSEError) return 'malformed';
  // The library throws it for keys that do not fit the algorithm, such as RSA keys of 1,024 bits.
  return error instanceof TypeError ? 'key' : undefined;
}

/** The keys of an issuer that stand in the settings. Where none has an id, those that tokens name mean nothing. */
function givenKeys({ keys = [] }: IssuerConfig): JWTVerifyGetKey {
  const find = createLocalJWKSet({ keys });
  if (keys.some(({ kid }) => kid !== undefined)) return find;
  return ({ kid: _, ...header }, token) => find(header, token);
}
