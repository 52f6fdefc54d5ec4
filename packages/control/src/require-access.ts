import { Refusal } from '@chorus/protocol';
import type { AccessVerdict } from './access-list.js';

/**
 * Refuses a user whom the access list does not admit, with the answer that the API and the gateways share.
 *
 * @param verdict undefined, for a list without an answer, is a defect of the list and refuses as well
 * @throws {Refusal} 401 for a revoked token, 403 for a ban
 */
export function requireAccess(verdict: AccessVerdict | undefined): void {
  switch (verdict) {
    case 'ok':
      return;
    case 'revoked':
      throw new Refusal('unauthenticated', 'invalid');
    case 'banned':
      throw new Refusal('user_banned');
    case 'banned-from-room':
      throw new Refusal('banned');
    case undefined:
      throw new Error('the access list gave no verdict');
    default:
      verdict satisfies never;
  }
}
