import { fileURLToPath } from 'node:url';
import { generateSecret } from '@chorus/auth';
import { spawnGuarded } from '@chorus/local';
import { descriptorsForConnections, servedConnections } from '@chorus/service';
import { z } from 'zod';
import { type CostSource, processSource } from '../costs/process-costs.js';

/** A cluster on this machine, for one run. */
export interface LocalCluster {
  readonly targets: readonly string[];
  readonly api: string;
  readonly secret: string;
  /** Costs per delivery, and the processes that hold the connections. */
  readonly costs: readonly CostSource[];
  close(): Promise<void>;
}

/** The program is started, its code is not imported. */
const PROGRAM = fileURLToPath(new URL('../../../../dist/cluster.js', import.meta.url));
const READY_MS = 60_000;
const STOP_MS = 60_000;

/** Raises the limits that protect servers from a load like this. */
const WIDE = {
  // A larger value than a process may open would only cause a warning.
  MAX_CONNECTIONS: String(Math.min(1_000_000, servedConnections(descriptorsForConnections()))),
  MAX_CONNECTIONS_PER_ADDRESS: '1000000',
  MAX_CONNECTIONS_PER_USER: '1000000',
  MAX_CONNECTS_PER_SECOND: '1000000',
  MAX_MESSAGES_PER_SECOND: '100000',
  MAX_REPLAY_BYTES_PER_SECOND_PER_USER: '1073741824',
  MAX_ROOMS_PER_USER: '1000000000',
  MAX_ROOMS_PER_CONNECTION: '10000',
  MAX_FRAME_BYTES: '1048576',
  LOG_LEVEL: 'warn',
};

const partSchema = z.object({ nodeId: z.string(), url: z.string(), pid: z.number().nullable() });
type Part = z.infer<typeof partSchema>;
const descriptionSchema = z.object({
  url: z.string(),
  apis: z.array(partSchema),
  gateways: z.array(partSchema),
  archivers: z.array(partSchema),
  redis: partSchema,
  postgres: partSchema,
});

/**
 * Starts `pnpm cluster` with high limits. Settings in the environment reach its processes. The cluster ends with this
 * process at the latest. Clients connect to the gateways directly: the balancer is not made for load.
 * @throws {StartError} one line with the reason
 */
export async function startLocalCluster(
  gateways: number,
  env: NodeJS.ProcessEnv,
  onLine: (line: string) => void,
): Promise<LocalCluster> {
  const secret = generateSecret();
  const cluster = await spawnGuarded({
    name: 'the cluster',
    command: process.execPath,
    args: [PROGRAM, '--gateways', String(gateways), '--apis', '1', '--archivers', '1', '--port', '0'],
    env: { ...WIDE, ...env, JWT_SECRET: secret },
    orphanSignal: 'SIGTERM',
    onLine,
  });
  const close = () => cluster.stop('SIGTERM', STOP_MS);
  try {
    const line = await cluster.ready((line) => line.startsWith('{"url":'), READY_MS);
    const parts = descriptionSchema.parse(JSON.parse(line));
    const sourcesOf = (members: readonly Part[], holdsConnections: boolean): CostSource[] =>
      members.flatMap(({ nodeId, pid }) =>
        pid === null ? [] : { ...processSource(nodeId, pid), holdsConnections },
      );
    return {
      targets: parts.gateways.map(({ url }) => url.replace(/^http/, 'ws')),
      api: parts.url,
      secret,
      costs: [
        ...sourcesOf([...parts.gateways, parts.redis], true),
        ...sourcesOf([...parts.archivers, parts.postgres], false),
      ],
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
