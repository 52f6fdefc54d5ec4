export { Archiver } from './archiver.js';
export {
  type ArchiveConfig,
  type ArchiverConfig,
  archiverSettings,
  loadArchiveConfig,
  loadArchiverConfig,
} from './config.js';
export {
  type ArchiverParts,
  createArchiver,
  makeArchiver,
  makePresenceArchiver,
  makeReadArchiver,
  makeRemoval,
} from './create-archiver.js';
export { readStoredTail, type StoredTail } from './messages/stored-tail.js';
export { createRedisParts } from './redis-parts.js';
