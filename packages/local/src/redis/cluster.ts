import { setTimeout as sleep } from 'node:timers/promises';
import { Closer, StartError } from '@chorus/service';
import { Redis } from 'ioredis';
import type { LocalServer } from '../local-server.js';
import { freePort } from '../processes/free-port.js';
import { startRedis } from './server.js';

export interface LocalRedisCluster {
  /** One URL per node. */
  readonly urls: readonly string[];
  readonly nodes: readonly LocalServer[];
  close(): Promise<void>;
}

/** A server that is, or becomes, part of a Redis Cluster. */
export interface ClusterServer {
  readonly port: number;
  /** Port on which servers talk to each other. */
  readonly busPort: number;
  /** Port by which others find it, if it is another one. */
  readonly meetPort?: number | undefined;
}

const SLOTS = 16_384;
const READY_MS = 30_000;
const LOOK_MS = 50;

/**
 * Arguments of `redis-server` for a part of a Redis Cluster.
 * @param downAfterMs time without an answer after which a server counts as failed, in milliseconds
 */
export function clusterArgs(busPort: number, downAfterMs = 2_000): string[] {
  const timeout = ['--cluster-node-timeout', String(downAfterMs)];
  return ['--cluster-enabled', 'yes', ...timeout, '--cluster-port', String(busPort)];
}

/**
 * Starts a Redis Cluster of masters that share the slots evenly, without replicas.
 * @param options `tlsArgs`: arguments that name the certificates; the URLs then have the TLS ports
 */
export async function startRedisCluster(
  options: { nodes?: number; tlsArgs?: readonly string[] } = {},
): Promise<LocalRedisCluster> {
  const count = options.nodes ?? 3;
  const closer = new Closer();
  try {
    const nodes: LocalServer[] = [];
    const servers: ClusterServer[] = [];
    for (let index = 0; index < count; index++) {
      // By default the bus uses the port plus 10,000, which an outgoing connection may have taken.
      const busPort = await freePort();
      const meetPort = options.tlsArgs === undefined ? undefined : await freePort();
      const args = [...clusterArgs(busPort), ...tlsArgs(meetPort, options.tlsArgs)];
      const node = closer.add(await startRedis({ args }));
      nodes.push(node);
      servers.push({ port: node.port, busPort, meetPort });
    }
    await formRedisCluster(servers);
    const urls = nodes.map(({ url }, index) => {
      const tlsPort = servers[index]?.meetPort;
      return tlsPort === undefined ? url : `rediss://127.0.0.1:${tlsPort}`;
    });
    return { urls, nodes, close: () => closer.close() };
  } catch (error) {
    await closer.close();
    throw error;
  }
}

/**
 * Makes empty servers a Redis Cluster, whose masters share the slots evenly. Resolves when all servers agree and replicas have a copy.
 * @param replicas of the masters, in their order
 */
export async function formRedisCluster(
  masters: readonly ClusterServer[],
  replicas: readonly ClusterServer[] = [],
): Promise<void> {
  const clients = new Closer();
  const connect = ({ port }: ClusterServer): Redis => {
    const redis = new Redis(port, '127.0.0.1');
    clients.defer(() => redis.quit());
    return redis;
  };
  try {
    const [connections, copies] = [masters.map(connect), replicas.map(connect)];
    for (const [index, redis] of connections.entries()) {
      const first = Math.floor((index * SLOTS) / masters.length);
      const last = Math.floor(((index + 1) * SLOTS) / masters.length) - 1;
      await redis.call('CLUSTER', 'ADDSLOTSRANGE', first, last);
      // Nodes that start with equal epochs would first have to agree on new ones.
      await redis.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
    }
    const [{ port, busPort, meetPort } = { port: 0, busPort: 0, meetPort: undefined }] = masters;
    for (const redis of [...connections.slice(1), ...copies]) {
      await redis.call('CLUSTER', 'MEET', '127.0.0.1', meetPort ?? port, busPort);
    }
    for (const redis of [...connections, ...copies]) await untilAgreed(redis, masters.length);
    for (const [index, redis] of copies.entries()) {
      const id = String(await connections[index]?.cluster('MYID'));
      await until(async () => String(await redis.cluster('NODES')).includes(id));
      await redis.call('CLUSTER', 'REPLICATE', id);
      await until(async () => (await redis.info('replication')).includes('master_link_status:up'));
    }
    const isKnown = async (redis: Redis): Promise<boolean> => {
      const lines = String(await redis.cluster('NODES')).match(/ (?:myself,)?slave [0-9a-f]{40} /g);
      return (lines?.length ?? 0) === replicas.length;
    };
    for (const redis of [...connections, ...copies]) await until(() => isKnown(redis));
  } finally {
    await clients.close();
  }
}

/** Nodes report each other's TLS ports to clients only if they use TLS between themselves. */
function tlsArgs(port: number | undefined, certificates: readonly string[] = []): string[] {
  return port === undefined ? [] : ['--tls-port', String(port), '--tls-cluster', 'yes', ...certificates];
}

async function untilAgreed(redis: Redis, masters: number): Promise<void> {
  await until(async () => {
    const info = String(await redis.call('CLUSTER', 'INFO'));
    return info.includes('cluster_state:ok') && info.includes(`cluster_size:${masters}\r`);
  });
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + READY_MS;
  while (!(await holds())) {
    if (performance.now() > deadline) {
      throw new StartError(`the Redis Cluster was not ready within ${READY_MS / 1000} s`);
    }
    await sleep(LOOK_MS);
  }
}
