import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Closeable } from '@chorus/service';
import { createLogger, LOG_LEVELS } from '@chorus/service/logger';
import { FIRST_ON_PORT } from './child-arguments.js';
import type { ProcessPlan } from './plan-processes.js';
import { ProcessGroup } from './process-group.js';

const CHILD = fileURLToPath(new URL('child.js', import.meta.url));

/**
 * Starts gateway processes that share a port and are each a node of their own. When not even the first one can start,
 * it has said why; then nothing is left running and this process ends with status 1.
 */
export async function startProcesses(plan: ProcessPlan, env: NodeJS.ProcessEnv): Promise<Closeable> {
  // A level that makes no sense is reported by the children.
  const level = LOG_LEVELS.find((name) => name === env.LOG_LEVEL) ?? 'info';
  const failed = (): void => {
    process.exitCode = 1;
  };
  const group = new ProcessGroup({
    nodeIds: plan.nodeIds,
    onDisorder: failed,
    log: createLogger({ service: 'gateway', level, nodeId: plan.nodeId }),
    launch: (nodeId, { first, port }) =>
      fork(CHILD, first ? [FIRST_ON_PORT] : [], {
        env: { ...env, NODE_ID: nodeId, ...(port === undefined ? {} : { PORT: String(port) }) },
        // In a session of its own: Ctrl-C in a terminal is for the parent, which passes it on once.
        detached: true,
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      }),
  });
  // A second signal ends this process at once, and so it does the others.
  process.once('exit', () => group.forceIfClosing());
  if (!(await group.start())) failed();
  return group;
}
