import type { Account } from '../../auth/user-repository.js';
import { userOf } from '../../users/json.js';

/** Returns a user as operators see it. */
export function userJson(user: Account) {
  return { ...userOf(user), email: user.email };
}
