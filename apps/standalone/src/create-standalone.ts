import { setTimeout as sleep } from 'node:timers/promises';
import { createApi, memoryRateLimits } from '@chorus/api';
import {
  type Archiver,
  makeArchiver,
  makePresenceArchiver,
  makeReadArchiver,
  makeRemoval,
  readStoredTail,
} from '@chorus/archiver';
import {
  KEY_MS,
  MemoryArchiveQueue,
  MemoryBroker,
  MemoryReadPositions,
  MemoryRoomDirectory,
  MemoryRoomHistory,
  MemoryRoomStore,
} from '@chorus/broker';
import { MemoryAccessList, MemoryNodeRegistry } from '@chorus/control';
import { createDatabase, DatabaseWatch, migrate, PreparedStatements } from '@chorus/database';
import { startDispatching } from '@chorus/dispatcher';
import { createGateway, type GatewayParts } from '@chorus/gateway';
import { startBalancer, startPostgres } from '@chorus/local';
import { MemoryPresenceStore } from '@chorus/presence';
import {
  type Closeable,
  Closer,
  descriptorsForConnections,
  type Logger,
  StartError,
  servedConnections,
} from '@chorus/service';
import type { StandaloneConfig } from './config.js';
import { claimDataFolder } from './data-folder.js';
import { StandaloneMetrics } from './standalone-metrics.js';

/** More than one, so that messages really travel between gateways. */
const GATEWAYS = ['gateway-1', 'gateway-2'];

const DATABASE = { poolSize: 10, timeoutMs: 5_000 };
/** For the archiver alone: acks must not wait behind queries of the API. */
const ARCHIVE_DATABASE = { poolSize: 1, timeoutMs: 5_000 };
/** A message that is not stored within this time is refused as retryable, in milliseconds. */
const STORE_MS = 5_000;
/** There is only one archiver: what it could not store it may claim again at once, in milliseconds. */
const LEASE_MS = 100;
const READY_MS = 10_000;
/** Time-out for storing messages that were not acknowledged yet, at the end, in milliseconds. */
const FLUSH_MS = 10_000;

export interface Standalone extends Closeable {
  readonly url: string;
  /** URL of the operator port; undefined without one. */
  readonly operatorUrl: string | undefined;
  /** Whether the operator port serves the operator API, which needs a token. */
  readonly operatorApi: boolean;
  readonly dataDir: string;
}

/**
 * Starts everything except PostgreSQL in this process, and resolves when it works.
 * @throws {StartError} one line with the reason why it cannot start; nothing is left running
 */
export async function createStandalone(config: StandaloneConfig, log: Logger): Promise<Standalone> {
  const closer = new Closer();
  try {
    return await start(config, log, closer);
  } catch (error) {
    await closer.close();
    throw error;
  }
}

async function start(config: StandaloneConfig, log: Logger, closer: Closer): Promise<Standalone> {
  // First, so that a taken port is noticed before anything has started. A client's connection takes three
  // descriptors: at the balancer, from there to a gateway or the API, and at that process.
  const capacity = descriptorsForConnections() / 3;
  const connections = { capacity, byAddress: true, log };
  const balancer = closer.add(await startBalancer({ port: config.port, host: config.host, connections }));
  const folder = closer.add(await claimDataFolder(config.dataDir));
  const postgres = closer.add(await startPostgres({ dataDir: folder.postgres }));
  let closing = false;
  closer.defer(() => {
    closing = true;
  });
  void postgres.exited.then(() => {
    if (!closing) log.error('PostgreSQL has ended: nothing can be stored until the next start');
  });
  await migrate(postgres.url, log);
  const postgresWatch = new DatabaseWatch();
  const db = createDatabase(postgres.url, DATABASE, postgresWatch);
  closer.defer(() => db.$disconnect());
  const prepared = closer.add(PreparedStatements.open(postgres.url, ARCHIVE_DATABASE, postgresWatch));
  const { newestEpoch, keys } = await readStoredTail(db, KEY_MS);

  const apiConfig = config.api(folder.secret);
  const gatewayConfigs = GATEWAYS.map((nodeId) => config.gateway(folder.secret, nodeId)).map((each) => ({
    ...each,
    // On a developer's machine a number below the default is no reason for a warning.
    maxConnections: Math.min(each.maxConnections, servedConnections(capacity)),
  }));
  let archiver: Archiver | undefined;
  let readArchiver: Archiver | undefined;
  // Rooms are new in every process; the API fills them from PostgreSQL. No other data that was seen or acknowledged
  // is only in memory: messages and read positions are stored first.
  const rooms = new MemoryRoomStore({
    maxBacklogBytes: Math.max(...gatewayConfigs.map(({ maxBacklogBytes }) => maxBacklogBytes)),
    newestEpoch,
    storedFirst: {
      begin: () => archiver?.wake(),
      beginReads: () => readArchiver?.wake(),
      failure: () => archiver?.failure,
      timeoutMs: STORE_MS,
      keys,
    },
  });
  const presence = new MemoryPresenceStore({
    announce: (roomId, frame) => rooms.notice(roomId, frame),
    announceLimit: Math.max(...gatewayConfigs.map(({ presenceAnnounceLimit }) => presenceAnnounceLimit)),
  });
  const directory = new MemoryRoomDirectory(rooms);
  const rateLimits = memoryRateLimits(apiConfig.rateLimits);
  const access = new MemoryAccessList();
  const nodes = new MemoryNodeRegistry();
  const history = new MemoryRoomHistory(rooms);
  const reads = new MemoryReadPositions(rooms);
  const told = apiConfig.operator !== undefined;
  const metrics = new StandaloneMetrics(postgresWatch, told);
  const api = closer.add(
    await createApi(apiConfig, {
      db,
      directory,
      presence,
      history,
      reads,
      messagePublisher: closer.add(new MemoryBroker(rooms)),
      access,
      memberships: access.memberships,
      publisher: closer.add(new MemoryBroker(rooms)),
      nodes,
      rateLimits,
      metrics: metrics.part(),
      capacity,
      allMetrics: () => metrics.text(),
      log,
    }),
  );
  const queue = new MemoryArchiveQueue(rooms);
  const running = makeArchiver(
    { ...config.archive, leaseMs: LEASE_MS },
    { db, prepared, queue, metrics: metrics.part(), log },
  );
  archiver = running;
  running.start();
  closer.add(makeRemoval(config.archive, { db, queue, metrics: metrics.part(), log })).start();
  closer.add(startDispatching(config.dispatch, { db, metrics: metrics.part(), log }, 'dispatcher-1'));
  const storing = makeReadArchiver(config.archive, { db, reads, log });
  readArchiver = storing;
  storing.start();
  const journal = { db, journal: presence.journal, metrics: metrics.part(), log };
  const recording = makePresenceArchiver({ ...config.archive, leaseMs: LEASE_MS }, journal, 'archiver-1');
  closer.defer(recording.release);
  recording.archiver.start();
  // After the gateways are closed: nothing is published any more.
  closer.defer(async () => {
    const archivers = [running, storing, recording.archiver];
    const [messages, reading, presenceEvents] = await Promise.all(
      archivers.map((each) => each.flush(FLUSH_MS)),
    );
    if (!messages) log.error('messages that were not acknowledged could not be stored');
    if (!reading) log.error('the last read positions could not be stored');
    if (!presenceEvents) log.error('the last events of presence could not be recorded');
  });

  const parts: GatewayParts = {
    presence,
    access,
    memberships: access.memberships,
    reads,
    nodes,
    capacity,
    log,
    connectBroker: async () => new MemoryBroker(rooms),
  };
  const gateways: string[] = [];
  for (const gatewayConfig of gatewayConfigs) {
    const gateway = await createGateway(gatewayConfig, {
      ...parts,
      metrics: told ? metrics.part() : undefined,
    });
    gateways.push(local(closer.add(gateway).port));
  }
  await untilComplete(rooms);
  balancer.setTargets({ apis: [local(api.port)], gateways });
  const operatorUrl = api.operatorPort === undefined ? undefined : `http://localhost:${api.operatorPort}`;
  const operatorApi = apiConfig.operator?.token !== undefined;
  return { url: balancer.url, operatorUrl, operatorApi, dataDir: folder.path, close: () => closer.close() };
}

const local = (port: number): string => `http://127.0.0.1:${port}`;

async function untilComplete(rooms: MemoryRoomStore): Promise<void> {
  const deadline = performance.now() + READY_MS;
  while (!rooms.complete) {
    if (performance.now() > deadline)
      throw new StartError(`the rooms were not restored within ${READY_MS / 1000} s`);
    await sleep(10);
  }
}
