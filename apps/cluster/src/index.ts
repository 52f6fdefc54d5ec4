export { describeCluster } from './describe-cluster.js';
export { Member } from './member.js';
export type { Server } from './servers.js';
export { type Cluster, type ClusterOptions, startCluster } from './start-cluster.js';
