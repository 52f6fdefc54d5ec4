export { type Balancer, startBalancer } from './balancer.js';
export { ensureProgram } from './ensure-program.js';
export { choosePort, freePort } from './free-port.js';
export {
  type Exit,
  endWithOwner,
  type GuardedCommand,
  type GuardedOptions,
  type GuardedProcess,
  guardedCommand,
  spawnGuarded,
} from './guarded-process.js';
export type { LocalServer } from './local-server.js';
export { createDatabase, type PostgresOptions, startPostgres } from './postgres.js';
export { childrenOf, lookUpProcess, type ProcessInfo } from './process-table.js';
export { addRedisUser, REDIS_COMMANDS, redisAclRules, redisCommands } from './redis-acl.js';
export { type LocalRedisCluster, startRedisCluster } from './redis-cluster.js';
export { type RedisOptions, startRedis } from './redis-server.js';
export { createPrivateFile, keptSecret } from './secret-file.js';
export { makeTestCertificates, type TestCertificates } from './test-certificates.js';
export { ensureTestChromium } from './test-chromium.js';
export { testDatabase } from './test-database.js';
export { startTestPgbouncer, type TestPgbouncer } from './test-pgbouncer.js';
export { ensureTestRedis, type TestRedis, testRedis } from './test-redis.js';
export type { Targets } from './upstreams.js';
