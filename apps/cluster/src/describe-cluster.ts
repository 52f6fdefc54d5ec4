import type { Cluster } from './create-cluster.js';
import type { Member } from './member.js';
import type { Server } from './servers.js';

/**
 * Returns what scripts need to drive the cluster, as one JSON object. A server that this command did not start has no
 * pid.
 */
export function describeCluster(cluster: Cluster) {
  const { url, operatorUrl, apis, gateways, archivers, dispatchers, redis, postgres, redisPrefix } = cluster;
  const member = ({ nodeId, url, operatorUrl, pid }: Member) => ({
    nodeId,
    url,
    operatorUrl: operatorUrl ?? null,
    pid,
  });
  const server = (nodeId: string, { url, member }: Server) => ({ nodeId, url, pid: member?.pid ?? null });
  return {
    url,
    operatorUrl: operatorUrl ?? null,
    apis: apis.map(member),
    gateways: gateways.map(member),
    archivers: archivers.map(member),
    dispatchers: dispatchers.map(member),
    redis: server('redis', redis),
    postgres: server('postgres', postgres),
    redisPrefix,
  };
}
