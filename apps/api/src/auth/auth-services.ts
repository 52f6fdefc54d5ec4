import type { Tokens } from '@chorus/auth';
import type { RoomDirectory } from '@chorus/broker';
import type { AccessServices } from './authenticate.js';
import type { BoundedWork } from './bounded-work.js';
import type { Passwords } from './passwords.js';
import type { RateLimits } from './rate-limits.js';
import type { CookieOptions } from './token-cookie.js';
import type { UserRepository } from './user-repository.js';

/** What the user routes work with. */
export interface AuthServices extends AccessServices {
  readonly users: UserRepository;
  readonly passwords: Passwords;
  /** Where passwords are hashed and compared. */
  readonly work: BoundedWork;
  readonly limits: RateLimits;
  readonly tokens: Tokens;
  /** Tells the gateways who has signed out. */
  readonly directory: Pick<RoomDirectory, 'announce'>;
  readonly cookie: CookieOptions;
}
