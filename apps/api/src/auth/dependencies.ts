import type { Tokens } from '@chorus/auth';
import type { OriginPolicy } from '@chorus/service';
import type { Identities } from '../identities/create-identities.js';
import type { IssuerConfig } from '../identities/issuers.js';
import type { MailSender } from '../mail/mail-sender.js';
import type { SessionService } from '../sessions/service.js';
import type { AccessServices } from './callers/authenticate.js';
import type { TokenCookies } from './callers/token-cookie.js';
import type { BoundedWork } from './passwords/bounded-work.js';
import type { Passwords } from './passwords/passwords.js';
import type { PasswordRules } from './passwords/rules.js';
import type { RateLimits } from './rate-limits/rate-limits.js';
import type { UserRepository } from './user-repository.js';

/** Dependencies of the user routes. */
export interface AuthServices extends AccessServices {
  readonly users: UserRepository;
  readonly passwords: Passwords;
  /** Whether users sign up and in with passwords. */
  readonly passwordsOn: boolean;
  readonly issuers: readonly IssuerConfig[];
  /** Undefined: no tokens of identity providers are accepted. */
  readonly identities: Identities | undefined;
  readonly rules: PasswordRules;
  /** Queue for hashing and comparing passwords. */
  readonly work: BoundedWork;
  readonly limits: RateLimits;
  readonly tokens: Tokens;
  readonly sessions: SessionService;
  readonly cookies: TokenCookies;
  readonly origins: OriginPolicy;
  /** Undefined: no mails are sent. */
  readonly mails: Pick<MailSender, 'add'> | undefined;
}
