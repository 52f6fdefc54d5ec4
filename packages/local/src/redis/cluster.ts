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

const SLOTS = 16_384;
const READY_MS = 30_000;

/**
 * Starts a Redis Cluster of masters that share the slots evenly, without replicas.
 * @param options `tlsArgs`: arguments that name the certificates; the URLs then have the TLS ports
 */
export async function startRedisCluster(
  options: { nodes?: number; tlsArgs?: readonly string[] } = {},
): Promise<LocalRedisCluster> {
  const count = options.nodes ?? 3;
  const closer = new Closer();
  const clients = new Closer();
  try {
    const nodes: LocalServer[] = [];
    const busPorts: number[] = [];
    const tlsPorts: number[] = [];
    for (let index = 0; index < count; index++) {
      // By default the bus uses the port plus 10,000, which an outgoing connection may have taken.
      const busPort = await freePort();
      busPorts.push(busPort);
      const tlsPort = options.tlsArgs === undefined ? undefined : await freePort();
      if (tlsPort !== undefined) tlsPorts.push(tlsPort);
      nodes.push(closer.add(await startNode(busPort, tlsArgs(tlsPort, options.tlsArgs))));
    }
    const connections = nodes.map((node) => {
      const redis = new Redis(node.port, '127.0.0.1');
      clients.defer(() => redis.quit());
      return redis;
    });
    for (const [index, redis] of connections.entries()) {
      const first = Math.floor((index * SLOTS) / count);
      const last = Math.floor(((index + 1) * SLOTS) / count) - 1;
      await redis.call('CLUSTER', 'ADDSLOTSRANGE', first, last);
      // Nodes that start with equal epochs would first have to agree on new ones.
      await redis.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
    }
    for (const redis of connections.slice(1)) {
      await redis.call('CLUSTER', 'MEET', '127.0.0.1', tlsPorts[0] ?? nodes[0]?.port ?? 0, busPorts[0] ?? 0);
    }
    await untilAllAgree(connections);
    const urls =
      options.tlsArgs === undefined
        ? nodes.map((node) => node.url)
        : tlsPorts.map((port) => `rediss://127.0.0.1:${port}`);
    return { urls, nodes, close: () => closer.close() };
  } catch (error) {
    await closer.close();
    throw error;
  } finally {
    await clients.close();
  }
}

async function startNode(busPort: number, args: readonly string[]): Promise<LocalServer> {
  return startRedis({
    args: [
      ...['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000'],
      ...['--cluster-port', String(busPort)],
      ...args,
    ],
  });
}

/** Nodes report each other's TLS ports to clients only if they use TLS between themselves. */
function tlsArgs(port: number | undefined, certificates: readonly string[] = []): string[] {
  return port === undefined ? [] : ['--tls-port', String(port), '--tls-cluster', 'yes', ...certificates];
}

async function untilAllAgree(connections: readonly Redis[]): Promise<void> {
  const deadline = performance.now() + READY_MS;
  for (const redis of connections) {
    for (;;) {
      const info = String(await redis.call('CLUSTER', 'INFO'));
      if (info.includes('cluster_state:ok') && info.includes(`cluster_size:${connections.length}`)) break;
      if (performance.now() > deadline) {
        throw new StartError(`the Redis Cluster was not ready within ${READY_MS / 1000} s`);
      }
      await sleep(50);
    }
  }
}
