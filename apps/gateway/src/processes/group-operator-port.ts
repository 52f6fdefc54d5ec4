import type { Closeable } from '@chorus/service';
import type { Logger } from '@chorus/service/logger';
import { listenOperatorPort, type OperatorAnswer } from '@chorus/service/operator-port';
import { GroupMetrics } from './group-metrics.js';
import type { ProcessGroup } from './process-group.js';

/** How long a process may take to say how it is, in milliseconds. */
const LIMIT_MS = 500;

/** Serves operators for all processes of the group at one port. @throws {StartError} */
export function listenForGroup(
  address: { host: string; port: number },
  group: ProcessGroup,
  log: Logger,
): Promise<Closeable & { readonly port: number }> {
  const metrics = new GroupMetrics((limitMs) => group.ask('metrics', limitMs));
  return listenOperatorPort(address, { metrics, health: () => groupHealth(group) }, log);
}

/** As the port is that they share: the best of what they say. */
export async function groupHealth(group: Pick<ProcessGroup, 'ask' | 'closing'>): Promise<OperatorAnswer> {
  const states = group.closing ? [] : (await group.ask('state', LIMIT_MS)).map(({ value }) => value);
  if (states.includes('ready')) return { status: 200, body: { status: 'ready' } };
  if (states.includes('degraded')) {
    return { status: 200, body: { status: 'degraded', error: 'Redis does not answer' } };
  }
  const error = group.closing || states.includes('draining') ? 'draining' : 'no gateway process answers';
  return { status: 503, body: { error }, headers: { 'Retry-After': '1' } };
}
