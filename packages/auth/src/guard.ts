import { ID_PROBLEM, type Member, parseId, Refusal } from '@chorus/protocol';
import { requestTokens } from './request-token.js';
import type { TokenCheck, Tokens, VerifiedToken } from './tokens.js';

/**
 * `token`: the token identifies the user. `open`: the query does, as in the original service, for migrations or
 * behind another guard.
 */
export type AuthMode = 'token' | 'open';

/** Credentials of a request, as raw strings. */
export interface Credentials {
  readonly authorization?: string | undefined;
  readonly cookie?: string | undefined;
  /** `userId` and `username` of the query. */
  readonly userId?: string | undefined;
  readonly username?: string | undefined;
}

export type Admission =
  | {
      readonly ok: true;
      /** Undefined only in `open` mode, if neither query nor token identifies a user. */
      readonly user: Member | undefined;
      /** Undefined if the query identified the user. */
      readonly token: VerifiedToken | undefined;
    }
  | {
      readonly ok: false;
      readonly refusal: Refusal<'invalid_field' | 'unauthenticated' | 'user_mismatch'>;
    };

/** Identifies the user of a request. The API and the gateways share it. */
export class Guard {
  constructor(
    private readonly tokens: Pick<Tokens, 'verify'>,
    readonly mode: AuthMode,
  ) {}

  /** Requires a valid token in any mode; ignores the query. */
  authenticate(credentials: Credentials): Admission {
    const check = this.#check(credentials);
    if (!check.ok) return { ok: false, refusal: new Refusal('unauthenticated', check.reason) };
    return { ok: true, user: check.token.user, token: check.token };
  }

  /**
   * Applies the mode. In `token` mode the query may repeat the user, but must match the token. In `open` mode a query
   * with `userId` identifies the user (`username` is optional, default empty); without one, a valid token does.
   */
  admit(credentials: Credentials): Admission {
    const id = credentials.userId === undefined ? undefined : parseId(credentials.userId);
    if (credentials.userId !== undefined && id === undefined) {
      return { ok: false, refusal: new Refusal('invalid_field', 'userId', ID_PROBLEM) };
    }
    if (this.mode === 'open') {
      if (id !== undefined)
        return { ok: true, user: { id, username: credentials.username ?? '' }, token: undefined };
      const check = this.#check(credentials);
      const token = check.ok ? check.token : undefined;
      return { ok: true, user: token?.user, token };
    }
    const admission = this.authenticate(credentials);
    if (!admission.ok) return admission;
    if (id !== undefined && id !== admission.user?.id) {
      return { ok: false, refusal: new Refusal('user_mismatch', 'userId') };
    }
    if (credentials.username !== undefined && credentials.username !== admission.user?.username) {
      return { ok: false, refusal: new Refusal('user_mismatch', 'username') };
    }
    return admission;
  }

  #check(credentials: Credentials): TokenCheck {
    let first: TokenCheck | undefined;
    for (const token of requestTokens(credentials.authorization, credentials.cookie)) {
      const check = this.tokens.verify(token);
      if (check.ok) return check;
      first ??= check;
    }
    return first ?? { ok: false, reason: 'missing' };
  }
}
