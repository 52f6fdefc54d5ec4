import type { ServerFaultKind } from '../history/history.js';
import type { PlannedFault } from '../run/schedule.js';
import { FAILOVER_FAULTS } from './failover-faults.js';
import { NETWORK_FAULTS } from './network-faults.js';
import { OLDER_DATA } from './older-data.js';
import { POSTGRES_FAULTS } from './postgres-faults.js';
import { PROCESS_FAULTS } from './process-faults.js';
import { REDIS_FAULTS } from './redis-faults.js';
import type { ServerFault } from './server-fault.js';
import { SHARD_FAULTS } from './shard-faults.js';

/** Faults of processes, servers and the network between them. */
export const SERVER_FAULTS: Readonly<Record<ServerFaultKind, ServerFault>> = {
  'standalone-kill': elsewhere,
  'standalone-stop': elsewhere,
  ...PROCESS_FAULTS,
  ...REDIS_FAULTS,
  ...OLDER_DATA,
  ...FAILOVER_FAULTS,
  ...SHARD_FAULTS,
  ...NETWORK_FAULTS,
  ...POSTGRES_FAULTS,
};

async function elsewhere({ kind }: PlannedFault): Promise<void> {
  throw new Error(`a cluster has no ${kind}`);
}
