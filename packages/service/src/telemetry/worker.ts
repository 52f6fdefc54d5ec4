import { Refusal } from '@chorus/protocol';
import type { Closer } from '../process/closer.js';
import type { Logger } from './logger.js';
import type { Metrics } from './metrics.js';
import { listenOperatorPort, type OperatorAnswer } from './operator-port.js';
import { TroubleLog } from './trouble-log.js';

/** What decides whether a worker, a process that answers no clients, is ready. */
export interface WorkerState {
  /** Returns why it cannot work at the moment; undefined if it can. */
  trouble(): Promise<string | undefined>;
  /** Whether it is shutting down. */
  isClosing(): boolean;
  readonly log: Logger;
}

/**
 * Answers `/readyz` of a worker. It is not ready only until it can work for the first time, and while it shuts down. A later
 * outage affects all workers of its kind and is `degraded`.
 */
export function workerHealth({ trouble, isClosing, log }: WorkerState): () => Promise<OperatorAnswer> {
  let wasReady = false;
  const troubles = new TroubleLog(log);
  return async () => {
    if (isClosing()) return notReady('draining');
    const error = await trouble();
    troubles.note(error);
    if (error === undefined) {
      wasReady = true;
      return { status: 200, body: { status: 'ready' } };
    }
    return wasReady ? { status: 200, body: { status: 'degraded', error } } : notReady(`starting: ${error}`);
  };
}

/**
 * Opens the ports of a worker: health on `port`, health and metrics on `operatorPort`. `closer` closes them.
 * @throws {StartError} a port cannot be listened on
 */
export async function openWorkerPorts(
  config: { readonly host: string; readonly port: number; readonly operatorPort: number | undefined },
  sources: { readonly metrics: Metrics; health(): Promise<OperatorAnswer> },
  log: Logger,
  closer: Closer,
): Promise<{ port: number; operatorPort: number | undefined }> {
  const { health } = sources;
  const { port } = closer.add(await listenOperatorPort(config, { health }, log, 'PORT'));
  if (config.operatorPort === undefined) return { port, operatorPort: undefined };
  const address = { host: config.host, port: config.operatorPort };
  return { port, operatorPort: closer.add(await listenOperatorPort(address, sources, log)).port };
}

function notReady(why: string): OperatorAnswer {
  const refusal = new Refusal('not_ready', why);
  return { status: refusal.status, body: refusal.bodyFor(), headers: refusal.headers };
}
