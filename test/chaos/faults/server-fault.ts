import type { RecreatedRooms } from '../recreated/recreated-rooms.js';
import type { PlannedFault } from '../run/schedule.js';
import type { ChaosCluster } from '../worlds/chaos-cluster.js';
import type { FaultReport } from '../worlds/world.js';

export interface ServerFaultContext extends FaultReport {
  cluster: ChaosCluster;
  recreated: RecreatedRooms;
  signal: AbortSignal;
}

/** Resolves when everything that it broke is ready again. */
export type ServerFault = (planned: PlannedFault, context: ServerFaultContext) => Promise<void>;

/** @throws {Error} if the run was started without it */
export function needed<T>(part: T | undefined): T {
  if (part === undefined) throw new Error('the cluster was not started for this kind of fault');
  return part;
}
