import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Closeable } from '@chorus/service';
import { createLogger, LOG_LEVELS, type Logger } from '@chorus/service/logger';
import { FIRST_ON_PORT } from './child-arguments.js';
import type { ProcessPlan } from './plan-processes.js';
import { ProcessGroup } from './process-group.js';

const CHILD = fileURLToPath(new URL('child.js', import.meta.url));

/**
 * Starts gateway processes that share a port and are each a node of their own. When not even the first one can start,
 * it has said why; then nothing is left running and this process ends with status 1.
 *
 * @throws {StartError} the port for operators cannot be listened on; nothing was started then
 */
export async function startProcesses(plan: ProcessPlan, env: NodeJS.ProcessEnv): Promise<Closeable> {
  // A level that makes no sense is reported by the children.
  const level = LOG_LEVELS.find((name) => name === env.LOG_LEVEL) ?? 'info';
  const failed = (): void => {
    process.exitCode = 1;
  };
  const log = createLogger({ service: 'gateway', level, nodeId: plan.nodeId });
  const group = new ProcessGroup({
    nodeIds: plan.nodeIds,
    onDisorder: failed,
    log,
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
  const operators = plan.operators && (await serveOperators(plan.operators, group, log));
  const works = await group.start();
  if (!works) {
    failed();
    await operators?.close();
  }
  return {
    close: async () => {
      await group.close();
      await operators?.close();
    },
  };
}

async function serveOperators(
  address: { host: string; port: number },
  group: ProcessGroup,
  log: Logger,
): Promise<Closeable> {
  // Not loaded where nobody asks for it: this process is to stay small.
  const { listenForGroup } = await import('./group-operator-port.js');
  const operators = await listenForGroup(address, group, log);
  log.info({ port: operators.port }, 'operators are served');
  return operators;
}
