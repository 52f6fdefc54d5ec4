export {
  type AccessList,
  type Ban,
  REVOKED_SLACK_MS,
  type Revocation,
  readSessionsKey,
  type Subject,
  sessionsKey,
  type Verdict,
} from './access-list.js';
export { MemoryAccessList } from './memory/access-list.js';
export { MemoryNodeRegistry } from './memory/node-registry.js';
export type { NodeFigures, NodeRegistry, NodeReport } from './node-registry.js';
export { RedisAccessList } from './redis/access-list.js';
export { RedisNodeRegistry } from './redis/node-registry.js';
