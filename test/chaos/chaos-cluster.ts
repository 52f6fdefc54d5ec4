import { Tokens } from '@chorus/auth';
import { type Cluster, startCluster } from '@chorus/cluster';
import type { Member } from '@chorus/protocol';
import { createLogger } from '@chorus/service';
import { request } from '../support/people.js';
import type { Promises } from './history.js';

/** Short times, so that a run sees many of their ends; no limit on one address, for the whole crowd is on this machine. */
const SETTINGS = {
  LOG_LEVEL: 'warn',
  HISTORY_SIZE: '50',
  ARCHIVE_LEASE_MS: '3000',
  PRESENCE_LEASE_MS: '3000',
  PRESENCE_GRACE_MS: '1500',
  ROOM_LINGER_MS: '500',
  REDIS_TIMEOUT_MS: '1500',
  IDLE_TIMEOUT_SECONDS: '8',
  DRAIN_DELAY_MS: '200',
  DRAIN_MS: '1500',
  MAX_CONNECTIONS_PER_ADDRESS: '100000',
};

/** Longer than any run. */
const TOKEN_TTL_SECONDS = 24 * 3_600;
const CREATING = 8;

export interface ChaosCluster extends Cluster {
  readonly promises: Promises;
  /** The last lines that its processes logged. */
  readonly log: readonly string[];
  tokenOf(member: Member): string;
  createRooms(ids: readonly number[], token: string): Promise<void>;
}

/**
 * Three gateways, two APIs, two archivers, a PostgreSQL, and a Redis that keeps what it acknowledged.
 * @param changes settings of the processes that are to be others than here
 */
export async function startChaosCluster(changes: Record<string, string> = {}): Promise<ChaosCluster> {
  const settings = { ...SETTINGS, ...changes };
  const log: string[] = [];
  const { PATH, HOME } = process.env;
  const cluster = await startCluster({
    ...{ gateways: 3, apis: 2, archivers: 2, port: 0, host: '127.0.0.1', restart: false },
    redisArgs: ['--appendfsync', 'always'],
    env: { PATH, HOME, ...settings },
    log: createLogger({ service: 'chaos', level: 'silent' }),
    onLine: (nodeId, line) => {
      log.push(`${nodeId}: ${line}`);
    },
  });
  const tokens = new Tokens(cluster.jwtSecret, TOKEN_TTL_SECONDS);
  return {
    ...cluster,
    log,
    promises: {
      historySize: Number(settings.HISTORY_SIZE),
      leaseMs: Number(settings.PRESENCE_LEASE_MS),
      graceMs: Number(settings.PRESENCE_GRACE_MS),
    },
    tokenOf: (member) => tokens.sign(member),
    async createRooms(ids, token) {
      const waiting = [...ids];
      const create = async (): Promise<void> => {
        for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
          const answer = await request(`${cluster.url}/ws/create-room`, {
            body: { id, name: `room-${id}` },
            token,
          });
          if (answer.status !== 200) throw new Error(`room ${id}: ${JSON.stringify(answer.body)}`);
        }
      };
      await Promise.all(Array.from({ length: CREATING }, create));
    },
  };
}
