// Loaded into a process before its program: moves what the process takes for the wall clock. See `SteppedClocks`.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** How long a step may take to be noticed, in milliseconds. */
const NOTICED_MS = 5;

const { CLOCK_STEPS: folder, NODE_ID: nodeId = 'process' } = process.env;
const SystemDate = Date;
const systemNow = SystemDate.now;
let offset = 0;
let readAt = Number.NEGATIVE_INFINITY;

function now() {
  const at = performance.now();
  if (at - readAt >= NOTICED_MS) {
    readAt = at;
    try {
      offset = Number(readFileSync(join(folder, nodeId), 'utf8'));
    } catch {
      // The clock of this process was not stepped.
    }
  }
  return systemNow() + offset;
}

SystemDate.now = now;
globalThis.Date = new Proxy(SystemDate, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
  apply: () => new SystemDate(now()).toString(),
});
