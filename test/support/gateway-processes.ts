import { readdirSync, readFileSync } from 'node:fs';
import { freePort, lookUpProcess } from '@chorus/local';
import { eventually } from '@chorus/testing';
import { TEST_SETTINGS, type TestCluster } from './cluster.js';
import { operate } from './operator.js';
import { request } from './people.js';
import { type Program, startProgram } from './program.js';

/** The gateway's program, run with `GATEWAY_PROCESSES`. */
export interface GatewayProcesses {
  readonly url: string;
  /** The parent. */
  readonly program: Program;
  /** Pids of the gateway processes that run now, by node id. */
  children(): Map<string, number>;
}

/** A gateway of that many processes over the servers of a cluster. Resolves when all of them are there. */
export async function startGatewayProcesses(
  cluster: TestCluster,
  count: number,
  env: Record<string, string> = {},
): Promise<GatewayProcesses> {
  const port = await freePort();
  const processes = launchGateway(cluster, port, { GATEWAY_PROCESSES: String(count), ...env });
  await eventually(async () => {
    const ready = await readyNodes(cluster, processes.nodeId);
    if (ready.length < count) throw new Error(`ready: ${ready}; ${processes.program.stderr}`);
  }, 20_000);
  return processes;
}

/** The same, without waiting for anything. */
export function launchGateway(
  cluster: TestCluster,
  port: number,
  env: Record<string, string>,
): GatewayProcesses & { readonly nodeId: string } {
  const nodeId = env.NODE_ID ?? `group-${port}`;
  const program = startProgram('apps/gateway/dist/main.js', [], {
    ...TEST_SETTINGS,
    NODE_ID: nodeId,
    HOST: '127.0.0.1',
    PORT: String(port),
    REDIS_URL: cluster.redis.url,
    REDIS_PREFIX: cluster.redisPrefix,
    JWT_SECRET: cluster.jwtSecret,
    ...env,
  });
  return { nodeId, program, url: `http://127.0.0.1:${port}`, children: () => childrenOf(program.pid) };
}

/** How many connections each of those nodes has that are ready, by the operator's list. */
export async function connectionsOf(cluster: TestCluster, nodeId: string): Promise<Map<string, number>> {
  const { body } = await operate(cluster, 'GET /nodes');
  const { nodes } = body as { nodes: Array<{ nodeId: string; connections: number; state: string }> };
  const ours = nodes.filter((node) => node.nodeId.startsWith(`${nodeId}-`) && node.state === 'ready');
  return new Map(ours.map((node) => [node.nodeId, node.connections]));
}

async function readyNodes(cluster: TestCluster, nodeId: string): Promise<string[]> {
  return [...(await connectionsOf(cluster, nodeId)).keys()];
}

export async function readiness(url: string): Promise<number> {
  return (await request(`${url}/readyz`)).status;
}

/** Resolves when none of these processes runs any more. */
export function gone(pids: Iterable<number>): Promise<void> {
  return eventually(async () => {
    for (const pid of pids) if (await lookUpProcess(pid)) throw new Error(`${pid} still runs`);
  });
}

/** Pids of the gateway processes of a parent, by node id. The guard that ends the parent has the parent's own node id. */
export function childrenOf(parent: number): Map<string, number> {
  const children = new Map<string, number>();
  const own = nodeIdOf(parent);
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const [state, ppid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (state === 'Z' || Number(ppid) !== parent) continue;
      const nodeId = nodeIdOf(Number(pid));
      if (nodeId !== undefined && nodeId !== own) children.set(nodeId, Number(pid));
    } catch {
      // It ended meanwhile.
    }
  }
  return children;
}

/** Undefined for a process that has none, or has ended. */
function nodeIdOf(pid: number): string | undefined {
  try {
    return /(?:^|\0)NODE_ID=([^\0]*)/.exec(readFileSync(`/proc/${pid}/environ`, 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}
