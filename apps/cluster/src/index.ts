export { type Cluster, type ClusterOptions, createCluster } from './create-cluster.js';
export { describeCluster } from './describe-cluster.js';
export { Member } from './member.js';
export type { Server } from './servers.js';
