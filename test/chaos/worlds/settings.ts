import { request } from '../../support/clients/people.js';
import type { Promises } from '../history/history.js';

/**
 * Short times, so that they expire often in a run; no limit on one address, because all clients are on this machine.
 */
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
  MAX_ROOMS_PER_USER: '100000',
  WEBHOOK_ALLOW_ADDRESSES: '127.0.0.0/8',
  WEBHOOK_RETRY_MS: '300',
  WEBHOOK_LEASE_MS: '3000',
  REDIS_WAIT_REPLICAS: '0',
};

export type ChaosSettings = typeof SETTINGS & Readonly<Record<string, string>>;

export function chaosSettings(changes: Readonly<Record<string, string>>): ChaosSettings {
  return { ...SETTINGS, ...changes };
}

export function promisesOf(settings: ChaosSettings): Promises {
  return {
    historySize: Number(settings.HISTORY_SIZE),
    leaseMs: Number(settings.PRESENCE_LEASE_MS),
    graceMs: Number(settings.PRESENCE_GRACE_MS),
    waitReplicas: Number(settings.REDIS_WAIT_REPLICAS),
  };
}

/** Longer than any run, in seconds. */
export const TOKEN_TTL_SECONDS = 24 * 3_600;
const CREATING = 8;

/** Creates rooms, several at a time. */
export async function createRooms(url: string, ids: readonly number[], token: string): Promise<void> {
  const waiting = [...ids];
  const create = async (): Promise<void> => {
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
      const answer = await request(`${url}/ws/create-room`, { body: { id, name: `room-${id}` }, token });
      if (answer.status !== 200) throw new Error(`room ${id}: ${JSON.stringify(answer.body)}`);
    }
  };
  await Promise.all(Array.from({ length: CREATING }, create));
}
