import { readFileSync } from 'node:fs';

/**
 * Number of files and sockets that this process may have open: the soft limit, which Node.js raises to the hard limit
 * at its start. Undefined if the system has no such limit or does not report it.
 */
export function openFilesLimit(): number | undefined {
  return process.platform === 'linux' ? limitOfLinux() : limitOfReport();
}

/** A report of Node.js takes a tenth of the time of a start: it describes the process, with the stack of its caller. */
function limitOfLinux(): number | undefined {
  const soft = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  return soft === undefined ? undefined : Number(soft);
}

function limitOfReport(): number | undefined {
  if (process.report === undefined) return undefined;
  // Otherwise the report resolves the host names of all open connections.
  Object.assign(process.report, { excludeNetwork: true });
  const report = process.report.getReport() as { userLimits?: { open_files?: { soft?: unknown } } };
  const soft = report.userLimits?.open_files?.soft;
  return typeof soft === 'number' ? soft : undefined;
}

/** Descriptors that every process reserves: for Redis, PostgreSQL, name lookups, files and its event loop. */
const KEPT_AT_LEAST = 64;
/** Share of large limits that is reserved, up to {@link KEPT_AT_MOST}. */
const KEPT_SHARE = 1 / 16;
const KEPT_AT_MOST = 1_024;

/**
 * Returns how many descriptors a process may use for client connections; infinite without a limit. The rest is
 * reserved: a process without descriptors cannot reach its servers, read a file or its own memory figures.
 */
export function descriptorsForConnections(limit = openFilesLimit()): number {
  if (limit === undefined) return Number.POSITIVE_INFINITY;
  const kept = Math.min(KEPT_AT_MOST, Math.max(KEPT_AT_LEAST, Math.floor(limit * KEPT_SHARE)));
  return Math.max(1, limit - kept);
}

/** Connections beyond this share of the capacity are answered with 503. */
const SERVED_SHARE = 7 / 8;

/** Returns how many connections are served, out of the capacity. The rest is for refusals. */
export function servedConnections(capacity: number): number {
  return Number.isFinite(capacity) ? Math.max(1, Math.floor(capacity * SERVED_SHARE)) : capacity;
}
