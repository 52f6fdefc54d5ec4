import type { Guard } from '@chorus/auth';
import type { Member } from '@chorus/protocol';
import { Refusal } from './refusal.js';
import type { Request } from './transport.js';

/**
 * Decides who is asking for a socket.
 *
 * @throws {Refusal} 403 for a page of a foreign origin, 401 without a valid token, 400 or 403 for a
 *   query that is malformed or names somebody else
 */
export function admit(request: Request, guard: Guard, allowedOrigins: readonly string[]): Member {
  checkOrigin(request, allowedOrigins);
  const admission = guard.admit({
    authorization: request.header('authorization'),
    cookie: request.header('cookie'),
    userId: request.query.get('userId') ?? undefined,
    username: request.query.get('username') ?? undefined,
  });
  if (!admission.ok) throw new Refusal(admission.status, admission.error);
  if (admission.user === undefined) throw new Refusal(400, 'userId is required');
  return admission.user;
}

/**
 * Browsers send cookies along with upgrades that any page asks for, so the page's origin must be
 * one of ours: the host of the request itself, or one that is configured. Other programs send none.
 */
function checkOrigin(request: Request, allowed: readonly string[]): void {
  const origin = request.header('origin');
  if (origin === undefined || allowed.includes('*') || allowed.includes(origin)) return;
  const host = URL.canParse(origin) ? new URL(origin).host : undefined;
  if (host === undefined || host !== request.header('host')) {
    throw new Refusal(403, 'this origin is not allowed');
  }
}
