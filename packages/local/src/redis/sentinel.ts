import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Closer, StartError } from '@chorus/service';
import { Redis } from 'ioredis';
import { type LocalServer, localServer } from '../local-server.js';
import { findProgram } from '../processes/find-program.js';
import { freePort } from '../processes/free-port.js';
import { spawnGuarded } from '../processes/guarded-process.js';
import { startRedis } from './server.js';

/** Sentinels that replace a primary when it fails. */
export interface LocalSentinels {
  /** Value of `REDIS_URL`. */
  readonly url: string;
  /** Name of the primary. */
  readonly name: string;
  readonly sentinels: readonly LocalServer[];
  close(): Promise<void>;
}

/** A primary with replicas, and the Sentinels that replace it when it fails. */
export interface LocalRedisSentinel extends LocalSentinels {
  /** The first one starts as primary. */
  readonly servers: readonly LocalServer[];
}

export interface SentinelsOptions {
  readonly sentinels?: number;
  /** Time without an answer after which a server counts as failed, in milliseconds. */
  readonly downAfterMs?: number | undefined;
  /** Password of the servers. */
  readonly password?: string;
  /** Password of the Sentinels. */
  readonly sentinelPassword?: string;
}

export interface SentinelOptions extends SentinelsOptions {
  readonly replicas?: number;
  /** More arguments of each server. */
  readonly args?: readonly string[];
}

const NAME = 'chorus';
const READY_MS = 15_000;
const STOP_MS = 10_000;

/** Starts servers and Sentinels, and waits until the replicas have the data of the primary. */
export async function startRedisSentinel(options: SentinelOptions = {}): Promise<LocalRedisSentinel> {
  const { replicas = 1, password } = options;
  const closer = new Closer();
  try {
    const secret = password === undefined ? [] : ['--requirepass', password, '--masterauth', password];
    // Short enough that a replica that was asked to follow another server does so within a second.
    const args = ['--repl-diskless-sync-delay', '0', ...secret, ...(options.args ?? [])];
    const primary = closer.add(await startRedis({ args }));
    const servers = [primary];
    for (let index = 0; index < replicas; index++) {
      const of = ['--replicaof', '127.0.0.1', String(primary.port)];
      servers.push(closer.add(await startRedis({ args: [...args, ...of] })));
    }
    const sentinels = closer.add(await startSentinels(primary.port, replicas, options));
    return { ...sentinels, servers, close: () => closer.close() };
  } catch (error) {
    await closer.close();
    throw error;
  }
}

/**
 * Starts Sentinels, and waits until they know each other and the replicas.
 * @param primaryPort port of a running primary
 * @param replicas number of its replicas
 */
export async function startSentinels(
  primaryPort: number,
  replicas: number,
  options: SentinelsOptions = {},
): Promise<LocalSentinels> {
  const { sentinels: count = 3, password } = options;
  const closer = new Closer();
  try {
    const sentinels: LocalServer[] = [];
    for (let index = 0; index < count; index++) {
      sentinels.push(closer.add(await startSentinel(primaryPort, Math.floor(count / 2) + 1, options)));
    }
    await untilTheyKnow(sentinels, replicas, options);
    const user = password === undefined ? '' : `:${password}@`;
    const hosts = sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',');
    const url = `redis+sentinel://${user}${hosts}/${NAME}`;
    return { url, name: NAME, sentinels, close: () => closer.close() };
  } catch (error) {
    await closer.close();
    throw error;
  }
}

async function startSentinel(
  primaryPort: number,
  quorum: number,
  { password, sentinelPassword, downAfterMs = 1_000 }: SentinelsOptions,
): Promise<LocalServer> {
  const command = await findProgram('redis-server');
  if (command === undefined) throw new StartError('redis-server was not found on the PATH');
  const port = await freePort();
  const dir = await mkdtemp(join(tmpdir(), 'chorus-sentinel-'));
  // Sentinels rewrite their configuration.
  const file = join(dir, 'sentinel.conf');
  const lines = [
    ...[`port ${port}`, 'bind 127.0.0.1', `dir ${dir}`],
    `sentinel monitor ${NAME} 127.0.0.1 ${primaryPort} ${quorum}`,
    `sentinel down-after-milliseconds ${NAME} ${downAfterMs}`,
    `sentinel failover-timeout ${NAME} 5000`,
    ...(password === undefined ? [] : [`sentinel auth-pass ${NAME} ${password}`]),
    ...(sentinelPassword === undefined
      ? []
      : [`requirepass ${sentinelPassword}`, `sentinel sentinel-pass ${sentinelPassword}`]),
  ];
  await writeFile(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  const server = await spawnGuarded({
    name: 'redis-sentinel',
    command,
    orphanFolder: dir,
    args: [file, '--sentinel'],
  });
  const close = async (): Promise<void> => {
    await server.stop('SIGTERM', STOP_MS);
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await server.ready((line) => line.includes('+monitor master'), READY_MS);
  } catch (error) {
    await close();
    throw error;
  }
  return localServer(server, { url: `redis://127.0.0.1:${port}`, port }, close);
}

/** A Sentinel that does not know the replicas and the other Sentinels yet could not replace the primary. */
async function untilTheyKnow(
  sentinels: readonly LocalServer[],
  replicas: number,
  { sentinelPassword }: SentinelsOptions,
): Promise<void> {
  const deadline = performance.now() + READY_MS;
  for (const { port } of sentinels) {
    const client = new Redis({
      ...{ host: '127.0.0.1', port, enableReadyCheck: false },
      ...(sentinelPassword === undefined ? {} : { password: sentinelPassword }),
    });
    try {
      for (;;) {
        const known = await client.call('SENTINEL', 'REPLICAS', NAME);
        const others = await client.call('SENTINEL', 'SENTINELS', NAME);
        const linked = JSON.stringify(known).match(/"master-link-status","ok"/g) ?? [];
        if (linked.length === replicas && Array.isArray(others) && others.length === sentinels.length - 1)
          break;
        if (performance.now() > deadline) {
          throw new StartError(`the Sentinels did not know each other within ${READY_MS / 1000} s`);
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    } finally {
      client.disconnect();
    }
  }
}
