import type { Exit } from '@chorus/local';
import type { GatewayProcess } from './gateway-process.js';
import type { Stage } from './stage.js';

/** A gateway that was asked to end. */
export interface Stopped {
  readonly nodeId: string;
  /** At the time of the request. */
  readonly connections: number;
  readonly tookMs: number;
  readonly exit: Exit;
}

/**
 * Stops all of them together, and makes the balancer send new sockets to the others. Resolves when they have ended.
 */
export async function stopGateways(
  stage: Stage,
  gateways: readonly GatewayProcess[],
  others: readonly GatewayProcess[],
  signal: NodeJS.Signals = 'SIGTERM',
): Promise<Stopped[]> {
  const reports = await stage.nodes();
  const began = performance.now();
  const stopping = gateways.map(async ({ nodeId, kill, exited }) => {
    const connections = reports.find((report) => report.nodeId === nodeId)?.connections ?? 0;
    kill(signal);
    const exit = await exited;
    return { nodeId, connections, tookMs: performance.now() - began, exit };
  });
  const [stopped] = await Promise.all([Promise.all(stopping), stage.balancer.route(others)]);
  return stopped;
}
