import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type GuardedProcess, spawnGuarded } from '@chorus/local';
import { StartError } from '@chorus/service';
import type { RunningProcess } from './member.js';

export type Service = 'api' | 'gateway' | 'archiver' | 'dispatcher';

const READY_MS = 30_000;
/** Time beyond that of draining connections, in milliseconds. */
const STOP_MS = 20_000;

/**
 * Starts one process of a service as in production, with only its environment, and waits until it is ready. It
 * ends with this process at the latest.
 *
 * @throws {StartError} with its last output
 */
export async function startService(
  service: Service,
  options: {
    nodeId: string;
    url: string;
    operatorUrl: string | undefined;
    env: NodeJS.ProcessEnv;
    onLine(line: string): void;
  },
): Promise<RunningProcess> {
  const child = await spawnGuarded({
    name: options.nodeId,
    command: process.execPath,
    args: [programOf(service)],
    env: options.env,
    orphanSignal: 'SIGKILL',
    onLine: options.onLine,
  });
  const stopMs = STOP_MS + Number(options.env.DRAIN_DELAY_MS ?? 0) + Number(options.env.DRAIN_MS ?? 0);
  const close = () => child.stop('SIGTERM', stopMs).then(() => {});
  try {
    await untilReady(child, options);
  } catch (error) {
    await child.stop('SIGKILL', 0);
    throw error;
  }
  return {
    url: options.url,
    operatorUrl: options.operatorUrl,
    pid: child.pid,
    exited: child.exited,
    kill: (signal) => child.kill(signal),
    close,
  };
}

/** Path of the program: it runs as a process, its code is not imported. */
function programOf(service: Service): string {
  return fileURLToPath(new URL(`../../../dist/${service}.js`, import.meta.url));
}

/** Folders of the built chat page and documentation. */
export const webDir = fileURLToPath(new URL('../../web/dist', import.meta.url));
export const docsDir = fileURLToPath(new URL('../../docs/dist', import.meta.url));

async function untilReady(
  child: GuardedProcess,
  { nodeId, url }: { nodeId: string; url: string },
): Promise<void> {
  const deadline = performance.now() + READY_MS;
  let answer = 'no answer';
  while (child.running && performance.now() < deadline) {
    try {
      const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) });
      answer = await response.text();
      if (response.ok && answer.includes('"ready"')) return;
    } catch {
      // The process does not listen yet.
    }
    await sleep(25);
  }
  if (child.running) throw new StartError(`${nodeId} was not ready within ${READY_MS / 1000} s: ${answer}`);
  await child.exited;
  throw new StartError(`${nodeId} ended while starting: ${child.lastWords}`);
}
