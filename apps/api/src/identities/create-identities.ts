import type { Database } from '@chorus/database';
import type { Logger } from '@chorus/service';
import type { UserRepository } from '../auth/user-repository.js';
import { IdentityRepository } from './identity-repository.js';
import { type IdentifiedUser, IdentityService } from './identity-service.js';
import { type IssuerConfig, issuerWarnings } from './issuers.js';

/** Sign-in by tokens of identity providers. */
export interface Identities {
  /**
   * Returns the user of a token.
   * @throws {InvalidIdentity} the token is refused
   * @throws {KeysUnavailable} it cannot be checked at present
   */
  signIn(token: string): Promise<IdentifiedUser>;
}

/**
 * Returns the sign-in by tokens of identity providers; undefined without any: then nothing of it is loaded.
 * @throws {ConfigError} a public key cannot be used
 */
export async function createIdentities(
  issuers: readonly IssuerConfig[],
  parts: { readonly db: Database; readonly users: UserRepository; readonly log: Logger },
): Promise<Identities | undefined> {
  if (issuers.length === 0) return undefined;
  const { db, users, log } = parts;
  for (const warning of issuerWarnings(issuers)) log.warn(warning);
  const { IdentityVerifier } = await import('./identity-verifier.js');
  const verifier = new IdentityVerifier(issuers, log);
  const service = new IdentityService(new IdentityRepository(db), users);
  return { signIn: async (token) => service.userOf(await verifier.verify(token)) };
}
