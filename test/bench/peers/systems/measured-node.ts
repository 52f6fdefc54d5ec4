import { EventEmitter, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type GuardedProcess, spawnGuarded } from '@chorus/local';
import type { Closer } from '@chorus/service';
import type { SystemProcess } from './system.js';

/** Lets a measurement of memory begin without garbage, which would otherwise be half of the result. */
const COLLECT_ON_SIGNAL =
  'data:text/javascript,process.on("SIGUSR2",()=>{gc();gc();console.log("collected garbage")})';

/** The collector returns memory to the system later, on a thread of its own, in milliseconds. */
const GIVE_BACK_MS = 500;
const READY_MS = 15_000;

export interface MeasuredNode extends SystemProcess {
  readonly port: number;
  collectGarbage(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts a Node.js program that prints a line of JSON with its port when it listens.
 * @param path compiled file
 */
export async function startNode(
  name: string,
  path: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<MeasuredNode> {
  const lines = new EventEmitter();
  const node: GuardedProcess = await spawnGuarded({
    name,
    command: process.execPath,
    args: ['--expose-gc', '--import', COLLECT_ON_SIGNAL, path, ...args],
    env: { PATH: process.env.PATH, NODE_ENV: 'production', ...env },
    onLine: (line) => lines.emit(line),
  });
  const stop = (): Promise<void> => node.stop('SIGTERM', 10_000);
  try {
    const line = await node.ready((text) => text.includes('is listening'), READY_MS);
    const { port } = JSON.parse(line) as { port: number };
    return {
      name,
      pid: node.pid,
      port,
      collectGarbage: async () => {
        const done = once(lines, 'collected garbage');
        node.kill('SIGUSR2');
        await done;
        await sleep(GIVE_BACK_MS);
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Starts several nodes concurrently: all of them, or none. @param start starts the n-th, from 1 */
export async function startNodes(
  count: number,
  closer: Closer,
  start: (index: number) => Promise<MeasuredNode>,
): Promise<MeasuredNode[]> {
  const outcomes = await Promise.allSettled(Array.from({ length: count }, (_, at) => start(at + 1)));
  const nodes = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  for (const node of nodes) closer.defer(() => node.stop());
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  return nodes;
}
