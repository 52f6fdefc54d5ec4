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

function reaches(standing: RoleOrNone, least: RoleOrNone | 'never'): boolean {
  return least !== 'never' && ROLES_OR_NONE.indexOf(standing) >= ROLES_OR_NONE.indexOf(least);
}
