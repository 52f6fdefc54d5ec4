import { setTimeout as sleep } from 'node:timers/promises';
import { type Exit, type GuardedProcess, spawnGuarded } from '@chorus/local';
import { StartError } from '@chorus/service';
import type { BackendGateway } from '../balancer/index.js';
import { GATEWAY_MAIN } from '../files.js';

const READY_MS = 60_000;
const POLL_MS = 20;
const CLOSE_MS = 10_000;

/** A gateway process of a rehearsal. */
export interface GatewayProcess extends BackendGateway {
  /** Time until `/readyz` reported ready, in milliseconds. */
  readonly readyMs: number;
  readonly exited: Promise<Exit>;
  kill(signal: NodeJS.Signals): void;
  close(): Promise<void>;
}

/**
 * Starts the gateway's program as `deploy/README.md` does.
 * @throws {StartError} when it is not ready in time
 */
export async function startGatewayProcess(
  { nodeId, port }: BackendGateway,
  env: Readonly<Record<string, string>>,
): Promise<GatewayProcess> {
  const began = performance.now();
  const child = await spawnGuarded({
    name: nodeId,
    command: process.execPath,
    args: ['--max-semi-space-size=4', GATEWAY_MAIN],
    env: {
      PATH: process.env.PATH,
      NODE_ENV: 'production',
      LOG_LEVEL: 'warn',
      ...env,
      HOST: '127.0.0.1',
      PORT: String(port),
      NODE_ID: nodeId,
    },
  });
  const close = (): Promise<void> => child.stop('SIGKILL', CLOSE_MS);
  try {
    await untilReady(child, nodeId, port);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    nodeId,
    port,
    readyMs: performance.now() - began,
    exited: child.exited,
    kill: (signal) => child.kill(signal),
    close,
  };
}

async function untilReady(child: GuardedProcess, nodeId: string, port: number): Promise<void> {
  const deadline = performance.now() + READY_MS;
  for (;;) {
    const status = await fetch(`http://127.0.0.1:${port}/readyz`).then(
      async (response) => {
        await response.body?.cancel();
        return response.status;
      },
      () => undefined,
    );
    if (status === 200) return;
    if (!child.running || performance.now() > deadline) {
      throw new StartError(`${nodeId} does not get ready: ${child.lastWords}`);
    }
    await sleep(POLL_MS);
  }
}
