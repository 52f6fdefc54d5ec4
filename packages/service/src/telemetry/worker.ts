import { randomBytes } from 'node:crypto';
import { Refusal } from '@chorus/protocol';
import { type Closeable, Closer } from '../process/closer.js';
import type { ListenerConfig } from '../settings/common.js';
import type { Logger } from './logger.js';
import type { Metrics } from './metrics.js';
import { listenOperatorPort, type OperatorAnswer } from './operator-port.js';
import { TroubleLog } from './trouble-log.js';

/** A running worker. */
export interface WorkerService extends Closeable {
  readonly nodeId: string;
  readonly port: number;
  /** Undefined without an operator port. */
  readonly operatorPort: number | undefined;
}

export interface WorkerConfig extends ListenerConfig {
  /** Undefined for no operator port. */
  readonly operatorPort: number | undefined;
}

export interface WorkerOptions {
  /** Name of the program, in its id, metrics and logs. */
  readonly service: string;
  readonly version: string;
  readonly config: WorkerConfig;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Creates the parts of the worker. */
  create(context: WorkerContext): Promise<WorkerWork>;
}

export interface WorkerContext {
  readonly nodeId: string;
  readonly log: Logger;
  /** Closes what is added to it last, in reverse order. */
  readonly closer: Closer;
}

export interface WorkerWork {
  /** Returns why it cannot work at the moment; undefined if it can. */
  trouble(): Promise<string | undefined>;
  /** Begins the work, after the ports are open. */
  start(): void;
}

/**
 * Starts a worker with its ports: health on `PORT`, health and metrics on `OPERATOR_PORT`. It is not ready while it closes.
 * @throws {StartError} a port cannot be listened on; nothing is left running
 */
export async function startWorker(options: WorkerOptions): Promise<WorkerService> {
  const { service, version, config, metrics } = options;
  const nodeId = config.nodeId ?? `${service}-${randomBytes(4).toString('hex')}`;
  const log = options.log.child({ nodeId });
  metrics.addBuildInfo({ service, version, node: nodeId });
  const closer = new Closer();
  try {
    const work = await options.create({ nodeId, log, closer });
    let closing = false;
    const health = workerHealth({ trouble: () => work.trouble(), isClosing: () => closing, log });
    const ports = await openWorkerPorts(config, { metrics, health }, log, closer);
    work.start();
    closer.defer(() => {
      closing = true;
    });
    log.info(ports, `${service} is listening`);
    return { nodeId, ...ports, close: () => closer.close() };
  } catch (error) {
    await closer.close();
    throw error;
  }
}

/** What decides whether a worker, a process that answers no clients, is ready. */
interface WorkerState {
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
function workerHealth({ trouble, isClosing, log }: WorkerState): () => Promise<OperatorAnswer> {
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
async function openWorkerPorts(
  config: WorkerConfig,
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
