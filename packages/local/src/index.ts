export { type Balancer, startBalancer } from './balancer/balancer.js';
export type { Targets } from './balancer/upstreams.js';
export type { LocalServer } from './local-server.js';
export { adminClient } from './postgres/admin-client.js';
export { createDatabase, type PostgresOptions, startPostgres } from './postgres/server.js';
export { postgresUser } from './postgres/user.js';
export { ensureProgram } from './processes/ensure-program.js';
export { findProgram } from './processes/find-program.js';
export { choosePort, freePort } from './processes/free-port.js';
export {
  type Exit,
  endWithOwner,
  type GuardedCommand,
  type GuardedOptions,
  type GuardedProcess,
  guardedCommand,
  spawnGuarded,
} from './processes/guarded-process.js';
export { lookUpProcess, type ProcessInfo } from './processes/process-table.js';
export { createPrivateFile, keptSecret } from './processes/secret-file.js';
export { addRedisUser, REDIS_COMMANDS, redisAclRules, redisCommands } from './redis/acl.js';
export {
  type ClusterServer,
  clusterArgs,
  formRedisCluster,
  type LocalRedisCluster,
  startRedisCluster,
} from './redis/cluster.js';
export {
  type LocalRedisSentinel,
  type LocalSentinels,
  startRedisSentinel,
  startSentinels,
} from './redis/sentinel.js';
export { type RedisOptions, startRedis } from './redis/server.js';
