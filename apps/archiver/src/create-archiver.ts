import { randomBytes } from 'node:crypto';
import type { ArchiveQueue, HistoryLimits, ReadPositions } from '@chorus/broker';
import type { Database, PreparedStatements } from '@chorus/database';
import type { PresenceJournal } from '@chorus/presence';
import {
  createTraces,
  type Logger,
  type Metrics,
  packageVersion,
  startWorker,
  type Traces,
  type WorkerService,
} from '@chorus/service';
import { Archiver } from './archiver.js';
import type { ArchiveConfig, ArchiverConfig } from './config.js';
import { ArchiveWork } from './messages/archive-work.js';
import { MessageStore } from './messages/message-store.js';
import { tracedStore } from './messages/traced-store.js';
import { addArchiveMetrics, addRemovalMetrics, batchSeconds } from './metrics/archive-metrics.js';
import { BacklogReader } from './metrics/backlog-reader.js';
import { addPresenceMetrics } from './metrics/presence-metrics.js';
import { PresenceLog } from './presence/presence-log.js';
import { PresenceWork } from './presence/presence-work.js';
import { archiverTrouble } from './readiness.js';
import { ReadStore } from './reads/read-store.js';
import { ReadWork } from './reads/read-work.js';
import { DeletedRooms } from './removal/deleted-rooms.js';
import { ExpiredEntries } from './removal/expired-entries.js';
import { Removal } from './removal/removal.js';

const VERSION = packageVersion(new URL('../package.json', import.meta.url));

/** Dependencies of an archiver; it closes none of them. */
export interface ArchiverParts {
  readonly db: Database;
  readonly queue: ArchiveQueue;
  readonly reads: ReadPositions;
  readonly journal: PresenceJournal;
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

/**
 * Starts an archiver with its operator port. It runs whether or not PostgreSQL and Redis are reachable. Closing it
 * finishes the current batch; the rest is left to other archivers.
 *
 * @throws {StartError} the port cannot be listened on; nothing is left running
 */
export function createArchiver(config: ArchiverConfig, parts: ArchiverParts): Promise<WorkerService> {
  const { archive } = config;
  return startWorker({
    ...{ service: 'archiver', version: VERSION, config, metrics: parts.metrics, log: parts.log },
    async create({ nodeId, log, closer }) {
      const traces = await createTraces(config.traces, { service: 'archiver', nodeId, log });
      if (traces !== undefined) closer.add(traces);
      const own = { ...parts, log };
      const archiver = makeArchiver(archive, own, traces);
      const store = new MessageStore(parts.db, archive.batchMessages, log);
      return {
        trouble: () => archiverTrouble({ archiver, store, redisTrouble: () => parts.redisTrouble?.() }),
        start: () => {
          for (const work of [archiver, makeRemoval(archive, own), makeReadArchiver(archive, own)]) {
            closer.add(work).start();
          }
          const presence = makePresenceArchiver(archive, own, nodeId);
          closer.defer(presence.release);
          closer.add(presence.archiver).start();
        },
      };
    },
  });
}

/** Creates an archiver within another process, not started yet. */
export function makeArchiver(
  config: ArchiveConfig,
  { db, prepared, queue, metrics, log }: Omit<ArchiverParts, 'reads' | 'journal'>,
  traces?: Traces,
): Archiver {
  const plain = new MessageStore(db, config.batchMessages, log, prepared, config.historySize);
  const store = traces === undefined ? plain : tracedStore(plain, traces);
  const keep = historyLimits(config);
  const seconds = batchSeconds(metrics);
  const onStored = (taken: number): void => seconds.observe(taken);
  const work = new ArchiveWork(queue, store, log, { ...config, keep, onStored });
  addArchiveMetrics(metrics, work, new BacklogReader(queue));
  return new Archiver(work, log, config.intervalMs);
}

/** Creates what removes old messages and deleted rooms, within another process, not started yet. */
export function makeRemoval(
  config: ArchiveConfig,
  { db, queue, metrics, log }: Pick<ArchiverParts, 'db' | 'queue' | 'metrics' | 'log'>,
): Removal {
  const { retentionDays } = config;
  const entries = new ExpiredEntries(db, queue, { retentionDays, keep: historyLimits(config) });
  const removal = new Removal(new DeletedRooms(db), entries, log);
  addRemovalMetrics(metrics, removal);
  return removal;
}

/** Messages that are older than the retention do not stay in Redis either. */
function historyLimits({ historySize: size, historyMaxAgeMs, retentionDays }: ArchiveConfig): HistoryLimits {
  const ages = [historyMaxAgeMs, (retentionDays ?? 0) * 86_400_000].filter((age) => age > 0);
  return { size, maxAgeMs: ages.length === 0 ? 0 : Math.min(...ages) };
}

/** Creates what stores read positions, within another process, not started yet. */
export function makeReadArchiver(
  { intervalMs }: ArchiveConfig,
  { db, reads, log }: Pick<ArchiverParts, 'db' | 'reads' | 'log'>,
): Archiver {
  return new Archiver(new ReadWork(reads, new ReadStore(db)), log, intervalMs, 'read positions');
}

/** Creates what records the events of presence, within another process, not started yet. */
export function makePresenceArchiver(
  { intervalMs, leaseMs }: ArchiveConfig,
  { db, journal, metrics, log }: Pick<ArchiverParts, 'db' | 'journal' | 'metrics' | 'log'>,
  nodeId: string,
): { archiver: Archiver; release(): Promise<void> } {
  // One process can restart under the name of one that died.
  const events = new PresenceLog(db, `${nodeId}-${randomBytes(4).toString('hex')}`, leaseMs);
  const work = new PresenceWork(journal, events);
  addPresenceMetrics(metrics, work, events);
  return {
    archiver: new Archiver(work, log, intervalMs, 'events of presence'),
    // If PostgreSQL does not answer, the lease ends by itself.
    release: () => events.release().catch(() => undefined),
  };
}
