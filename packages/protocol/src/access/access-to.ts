import type { KeyScope } from './scopes.js';
import {
  ACCESS,
  type AccessRule,
  ROLES_OR_NONE,
  type RoleOrNone,
  type RoomAction,
  type RoomKind,
} from './table.js';

/** `yes`, or the status that refuses: 404 where the room must look as if it did not exist, otherwise 403. */
export type AccessDecision = 'yes' | 403 | 404;

/** Whether a user with that standing in a room of that kind may do something. */
export function accessTo(action: RoomAction, kind: RoomKind, standing: RoleOrNone): AccessDecision {
  if (!reaches(standing, ACCESS.read[kind])) return 404;
  const rule: AccessRule = ACCESS[action];
  return reaches(standing, rule[kind]) ? 'yes' : 403;
}

/** The lowest standing that may do something in a room of that kind; `never`: no user may. */
export function leastFor(action: RoomAction, kind: RoomKind): RoleOrNone | 'never' {
  const rule: AccessRule = ACCESS[action];
  return rule[kind];
}

/**
 * Whether an API key may do something in a room of that kind for the application: `yes`; 403 if it lacks the scope or no key may do
 * it; 400 if it must act as a user. A key that acts as a user needs the scope, and the user must be allowed it by {@link accessTo}.
 */
export function keyAccessTo(
  action: RoomAction,
  kind: RoomKind,
  scopes: ReadonlySet<KeyScope>,
): 'yes' | 400 | 403 {
  const rule: AccessRule = ACCESS[action];
  if (rule[kind] === 'never' || !scopes.has(rule.scope)) return 403;
  return rule.alone === 'yes' ? 'yes' : 400;
}

function reaches(standing: RoleOrNone, least: RoleOrNone | 'never'): boolean {
  return least !== 'never' && ROLES_OR_NONE.indexOf(standing) >= ROLES_OR_NONE.indexOf(least);
}
