import type { Refusal } from '@chorus/protocol';

/** What a token says of a user. */
export interface Identity {
  readonly issuer: string;
  /** Id of the user at the issuer. */
  readonly subject: string;
  readonly name: string | undefined;
  /** An HTTPS URL. */
  readonly avatarUrl: string | undefined;
  /** When the token was issued. */
  readonly issuedAt: Date;
}

export type IdentityProblem = ConstructorParameters<typeof Refusal<'invalid_identity'>>[1];

/** A token that is refused. */
export class InvalidIdentity extends Error {
  constructor(readonly why: IdentityProblem) {
    super(why);
  }
}

/** The keys of an issuer cannot be read, so its tokens cannot be checked. */
export class KeysUnavailable extends Error {}
