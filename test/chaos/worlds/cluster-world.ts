import { Closer } from '@chorus/service';
import { operate } from '../../support/clients/operator.js';
import { marksInPostgres } from '../conversations/postgres-texts.js';
import { marksInRedis } from '../conversations/redis-texts.js';
import { needsOf, type RedisKind } from '../faults/fault-kinds.js';
import { SERVER_FAULTS } from '../faults/server-faults.js';
import { HistoryApi } from '../history/api.js';
import { DatabaseObserver } from '../history/observe-end.js';
import { RecreatedRooms } from '../recreated/recreated-rooms.js';
import { startChaosCluster } from './chaos-cluster.js';
import { OBSERVER, type World, type WorldOptions } from './world.js';

/** Descriptions for people. */
const REDIS: Record<RedisKind, string> = {
  single: 'Redis',
  sentinel: 'Redis with 2 replicas and 3 Sentinels',
  cluster: 'a Redis Cluster of 3 masters with a replica each',
};

/** A cluster with servers of its own. */
export async function openClusterWorld(options: WorldOptions): Promise<World> {
  const closer = new Closer();
  try {
    return await open(options, closer);
  } catch (error) {
    await closer.close();
    throw error;
  }
}

async function open(
  { redis, settings, roomIds, kinds, signal }: WorldOptions,
  closer: Closer,
): Promise<World> {
  const cluster = closer.add(await startChaosCluster(settings, needsOf(kinds), redis));
  signal.throwIfAborted();
  const api = new HistoryApi(cluster.url, signal);
  const token = cluster.tokenOf(OBSERVER);
  const observer = closer.add(new DatabaseObserver(cluster.postgres.url, api, token, roomIds));
  const recreated = closer.add(new RecreatedRooms(cluster, api, signal));
  return {
    ...cluster,
    about: `3 gateways, 2 APIs, 2 archivers, 2 dispatchers, ${REDIS[redis]}, PostgreSQL`,
    observer,
    inject: (fault, report) => SERVER_FAULTS[fault.kind](fault, { cluster, recreated, signal, ...report }),
    lives: () => recreated.observe(),
    programs: {
      operate: async (call, body) => (await operate(cluster, call, body)).body,
      database: (action) => cluster.postgres.with(action),
    },
    markedTexts: async () => [
      ...(await cluster.atEachPrimary(marksInRedis)).flat(),
      ...(await cluster.postgres.with(marksInPostgres)),
    ],
    close: () => closer.close(),
  };
}
