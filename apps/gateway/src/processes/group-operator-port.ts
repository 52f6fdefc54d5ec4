import type { Closeable } from '@chorus/service';
import type { Logger } from '@chorus/service/logger';
import { listenOperatorPort, type OperatorAnswer } from '@chorus/service/operator-port';
import { type PortHealth, readiness } from '../readiness.js';
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

/** Best first. */
const STATES: readonly PortHealth['state'][] = ['ready', 'degraded', 'starting', 'isolated', 'draining'];

/** As the port is that they share: the best of what they say. */
export async function groupHealth(group: Pick<ProcessGroup, 'ask' | 'closing'>): Promise<OperatorAnswer> {
  if (group.closing) return readiness({ state: 'draining' });
  const answers = (await group.ask('state', LIMIT_MS)).map(({ value }) => value).filter(isHealth);
  for (const state of STATES) {
    const health = answers.find((answer) => answer.state === state);
    if (health !== undefined) return readiness(health);
  }
  return { status: 503, body: { error: 'no gateway process answers' }, headers: { 'Retry-After': '1' } };
}

/** Of a process that does not answer the value is undefined. */
function isHealth(value: unknown): value is PortHealth {
  return typeof value === 'object' && value !== null && 'state' in value;
}
