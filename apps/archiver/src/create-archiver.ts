import { randomBytes } from 'node:crypto';
import type { ArchiveQueue } from '@chorus/broker';
import type { Database } from '@chorus/database';
import { type Closeable, Closer, type Logger } from '@chorus/service';
import { ArchiveWork } from './archive-work.js';
import { Archiver } from './archiver.js';
import type { ArchiveConfig, ArchiverConfig } from './config.js';
import { listenForHealth } from './health-server.js';
import { MessageStore } from './message-store.js';

/** What an archiver needs from outside; it does not close any of it. */
export interface ArchiverParts {
  readonly db: Database;
  readonly queue: ArchiveQueue;
  readonly log: Logger;
}

/** One running archiver. */
export interface ArchiverService extends Closeable {
  readonly nodeId: string;
  readonly port: number;
}

/**
 * Starts an archiver that says how it is on a port of its own. It runs whether or not PostgreSQL and Redis can be
 * reached. Closing it finishes the batch that is being worked on; what is left is there for the others.
 *
 * @throws {StartError} the port cannot be listened on; nothing is left running then
 */
export async function createArchiver(config: ArchiverConfig, parts: ArchiverParts): Promise<ArchiverService> {
  const nodeId = config.nodeId ?? `archiver-${randomBytes(4).toString('hex')}`;
  const log = parts.log.child({ nodeId });
  const closer = new Closer();
  const archiver = makeArchiver(config.archive, { ...parts, log });
  let closing = false;
  const server = closer.add(
    await listenForHealth(config, () => (closing ? 'draining' : (archiver.failure ?? 'ready'))),
  );
  archiver.start();
  closer.add(archiver);
  closer.defer(() => {
    closing = true;
  });
  log.info({ port: server.port }, 'archiver is listening');
  return { nodeId, port: server.port, close: () => closer.close() };
}

/** An archiver within another process, not started yet. */
export function makeArchiver(config: ArchiveConfig, { db, queue, log }: ArchiverParts): Archiver {
  const store = new MessageStore(db, config.batchMessages, log);
  const keep = { size: config.historySize, maxAgeMs: config.historyMaxAgeMs };
  const work = new ArchiveWork(queue, store, log, { ...config, keep });
  return new Archiver(work, log, config.intervalMs);
}
