/**
 * Number of files and sockets that this process may have open: the soft limit, which Node.js raises to the hard one when
 * it starts. Undefined where the system has no such limit or does not tell it.
 */
export function openFilesLimit(): number | undefined {
  if (process.report === undefined) return undefined;
  // Otherwise the report looks up the host names of all open connections.
  Object.assign(process.report, { excludeNetwork: true });
  const report = process.report.getReport() as { userLimits?: { open_files?: { soft?: unknown } } };
  const soft = report.userLimits?.open_files?.soft;
  return typeof soft === 'number' ? soft : undefined;
}

/** Descriptors that every process keeps for itself: Redis, PostgreSQL, name lookups, files, its event loop. */
const KEPT_AT_LEAST = 64;
/** Large limits keep this part of them, up to {@link KEPT_AT_MOST}. */
const KEPT_SHARE = 1 / 16;
const KEPT_AT_MOST = 1_024;

/**
 * Number of descriptors that a process may spend on connections of clients; infinite when there is no limit. The rest is
 * kept back: a process that has none left cannot reach its servers, read a file or even its own memory figures.
 */
export function descriptorsForConnections(limit = openFilesLimit()): number {
  if (limit === undefined) return Number.POSITIVE_INFINITY;
  const kept = Math.min(KEPT_AT_MOST, Math.max(KEPT_AT_LEAST, Math.floor(limit * KEPT_SHARE)));
  return Math.max(1, limit - kept);
}

/** Connections beyond this part of the capacity are answered with 503. */
const SERVED_SHARE = 7 / 8;

/** Number of connections that are served, of those that there are descriptors for. The rest is for refusals. */
export function servedConnections(capacity: number): number {
  return Number.isFinite(capacity) ? Math.max(1, Math.floor(capacity * SERVED_SHARE)) : capacity;
}
