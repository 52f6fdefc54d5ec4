export { AccessCopy, type AccessCopyParts } from './access-copy.js';
export {
  type AccessChange,
  type AccessChanges,
  type AccessList,
  type AccessRestoration,
  type AccessVerdict,
  type Ban,
  REVOKED_SLACK_MS,
  type Revocation,
  type RoomSubject,
  type RoomVerdict,
  readSessionsKey,
  type Subject,
  sessionsKey,
} from './access-list.js';
export type {
  Membership,
  MembershipChange,
  MembershipList,
  MembershipRestoration,
  SlowMode,
  UserMemberships,
} from './membership-list.js';
export { MemoryAccessList } from './memory/access-list.js';
export { MemoryMembershipList } from './memory/membership-list.js';
export { MemoryNodeRegistry } from './memory/node-registry.js';
export type { NodeFigures, NodeRegistry, NodeReport } from './node-registry.js';
export { RedisAccessList } from './redis/access-list.js';
export { RedisMembershipList } from './redis/membership-list.js';
export { RedisNodeRegistry } from './redis/node-registry.js';
export { requireAccess } from './require-access.js';
