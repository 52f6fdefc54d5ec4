import { randomBytes } from 'node:crypto';
import type { ArchiveQueue } from '@chorus/broker';
import type { Database, PreparedStatements } from '@chorus/database';
import {
  type Closeable,
  Closer,
  createTraces,
  type Logger,
  listenOperatorPort,
  type Metrics,
  packageVersion,
  type Traces,
} from '@chorus/service';
import { ArchiveWork } from './archive-work.js';
import { Archiver } from './archiver.js';
import type { ArchiveConfig, ArchiverConfig } from './config.js';
import { MessageStore } from './message-store.js';
import { addArchiveMetrics, batchSeconds } from './metrics/archive-metrics.js';
import { BacklogReader } from './metrics/backlog-reader.js';
import { readinessOf } from './readiness.js';
import { tracedStore } from './traced-store.js';

const VERSION = packageVersion(new URL('../package.json', import.meta.url));

/** Dependencies of an archiver; it closes none of them. */
export interface ArchiverParts {
  readonly db: Database;
  readonly queue: ArchiveQueue;
  /** Stores messages with less latency than `db`, where each is waited for; not behind a pooler. */
  readonly prepared?: PreparedStatements;
  /**
   * Returns why Redis does not work at the moment, as a predicate of its name; undefined if it works. Absent without
   * Redis.
   */
  readonly redisTrouble?: () => string | undefined;
  /** Registry for its metrics. */
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** A running archiver. */
export interface ArchiverService extends Closeable {
  readonly nodeId: string;
  readonly port: number;
  /** Undefined without an operator port. */
  readonly operatorPort: number | undefined;
}

/**
 * Starts an archiver with its operator port. It runs whether or not PostgreSQL and Redis are reachable. Closing it
 * finishes the current batch; the rest is left to other archivers.
 *
 * @throws {StartError} the port cannot be listened on; nothing is left running
 */
export async function createArchiver(config: ArchiverConfig, parts: ArchiverParts): Promise<ArchiverService> {
  const nodeId = config.nodeId ?? `archiver-${randomBytes(4).toString('hex')}`;
  const log = parts.log.child({ nodeId });
  const closer = new Closer();
  const { metrics } = parts;
  metrics.addBuildInfo({ service: 'archiver', version: VERSION, node: nodeId });
  const traces = await createTraces(config.traces, { service: 'archiver', nodeId, log });
  if (traces !== undefined) closer.add(traces);
  const archiver = makeArchiver(config.archive, { ...parts, log }, traces);
  let closing = false;
  const health = readinessOf({
    archiver,
    store: new MessageStore(parts.db, config.archive.batchMessages, log),
    redisTrouble: () => parts.redisTrouble?.(),
    isClosing: () => closing,
    log,
  });
  const server = closer.add(await listenOperatorPort(config, { health }, log, 'PORT'));
  const { host, operatorPort: port } = config;
  let operatorPort: number | undefined;
  if (port !== undefined) {
    try {
      operatorPort = closer.add(await listenOperatorPort({ host, port }, { metrics, health }, log)).port;
    } catch (error) {
      await closer.close();
      throw error;
    }
  }
  archiver.start();
  closer.add(archiver);
  closer.defer(() => {
    closing = true;
  });
  log.info({ port: server.port, operatorPort }, 'archiver is listening');
  return { nodeId, port: server.port, operatorPort, close: () => closer.close() };
}

/** Creates an archiver within another process, not started yet. */
export function makeArchiver(
  config: ArchiveConfig,
  { db, prepared, queue, metrics, log }: ArchiverParts,
  traces?: Traces,
): Archiver {
  const plain = new MessageStore(db, config.batchMessages, log, prepared, config.historySize);
  const store = traces === undefined ? plain : tracedStore(plain, traces);
  const keep = { size: config.historySize, maxAgeMs: config.historyMaxAgeMs };
  const seconds = batchSeconds(metrics);
  const onStored = (taken: number): void => seconds.observe(taken);
  const work = new ArchiveWork(queue, store, log, { ...config, keep, onStored });
  addArchiveMetrics(metrics, work, new BacklogReader(queue));
  return new Archiver(work, log, config.intervalMs);
}
