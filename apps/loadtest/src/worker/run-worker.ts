import type { Checking } from '../check/room-checker.js';
import type { Dialect } from '../dialect.js';
import type { FromWorker, ToWorker } from '../run/ipc.js';
import { LoadWorker } from './load-worker.js';

const LOOK_MS = 100;
/** Number of quiet checks in a row: rooms of several workers can be quiet in one and not in another. */
const QUIET_LOOKS = 4;

/** Follows the orders of the main process until `finish` or its end. */
export function runWorker(
  parent: Pick<NodeJS.Process, 'on' | 'send' | 'disconnect' | 'exit'>,
  checking: Checking,
): void {
  let worker: LoadWorker | undefined;
  const timers = new Set<NodeJS.Timeout>();
  const say = (message: FromWorker, sent?: () => void): void => {
    parent.send?.(message, undefined, undefined, sent);
  };

  const settling = (): void => {
    let quiet = 0;
    const timer = setInterval(() => {
      quiet = worker?.quiet ? quiet + 1 : 0;
      if (quiet < QUIET_LOOKS) return;
      clearInterval(timer);
      timers.delete(timer);
      say({ type: 'settled' });
    }, LOOK_MS);
    timers.add(timer);
  };

  const ended = (): void => {
    for (const timer of timers) clearTimeout(timer);
    worker?.finish();
    worker = undefined;
  };

  const obey = async (order: ToWorker): Promise<void> => {
    switch (order.type) {
      case 'prepare': {
        const { dialect } = (await import(order.dialect)) as { dialect: Dialect };
        worker = new LoadWorker(order, dialect, checking, () => say({ type: 'connected' }));
        say({ type: 'ready' });
        return;
      }
      case 'connect':
        worker?.connect(order.began, (tick) => say({ type: 'tick', tick }));
        return;
      case 'load':
        worker?.load(order.t0);
        return;
      case 'settle':
        worker?.quieten();
        settling();
        return;
      case 'finish': {
        for (const timer of timers) clearTimeout(timer);
        const report = worker?.finish();
        worker = undefined;
        if (report !== undefined) say({ type: 'report', report }, () => parent.disconnect());
        return;
      }
      default:
        order satisfies never;
    }
  };

  parent.on('message', (order: unknown) => {
    obey(order as ToWorker).catch((error: unknown) => {
      say({ type: 'failed', why: error instanceof Error ? error.message : String(error) }, () => ended());
    });
  });
  // The main process is gone, or has the report: nothing is left to do.
  parent.on('disconnect', ended);
  // A terminal sends these to all processes; the main process decides.
  for (const signal of ['SIGINT', 'SIGHUP']) parent.on(signal, () => undefined);
}
