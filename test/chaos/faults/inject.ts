import { setTimeout as sleep } from 'node:timers/promises';
import type { WebhookReceiver } from '../events/receiver.js';
import type { Fault, FaultKind, Loss } from '../history/history.js';
import type { PlannedFault, Schedule } from '../run/schedule.js';
import type { FaultReport, World } from '../worlds/world.js';
import { CLIENT_FAULTS, type Troubled } from './client-faults.js';

export interface InjectOptions {
  schedule: Schedule;
  world: World;
  participants: readonly Troubled[];
  /** Endpoint of a webhook; undefined without one. */
  receiver: WebhookReceiver | undefined;
  /** No fault begins after this time of `performance.now()`. */
  endAt: number;
  signal: AbortSignal;
  /** Resolves when the next change of members was requested from an API. */
  nextChange(): Promise<void>;
  /** Called when a fault begins. */
  onFault(kind: string, what: string): void;
}

/** Runs a schedule, starting now. Resolves with the injected faults when all have ended. */
export async function inject(options: InjectOptions): Promise<Fault[]> {
  const { schedule, world, participants, receiver, signal } = options;
  const begin = performance.now();
  const faults: Fault[] = [];
  const lane = async <Kind extends FaultKind>(
    planned: ReadonlyArray<PlannedFault<Kind>>,
    run: (fault: PlannedFault<Kind>, report: FaultReport) => Promise<void>,
  ): Promise<void> => {
    for (const fault of planned) {
      await sleep(Math.max(0, begin + fault.atMs - performance.now()), undefined, { signal });
      const startedAt = performance.now();
      if (startedAt > options.endAt) return;
      let what = '';
      const told: { loss?: Loss; primaryNamedAt?: number; cutOff?: readonly string[] } = {};
      await run(fault, {
        hits: (hit) => {
          what = hit;
          options.onFault(fault.kind, what);
        },
        loses: (loss) => {
          told.loss = loss;
        },
        primaryNamed: (at) => {
          told.primaryNamedAt = at;
        },
        cutsOff: (cutOff) => {
          told.cutOff = cutOff;
        },
        nextChange: () => options.nextChange(),
      });
      faults.push({ kind: fault.kind, what, startedAt, endedAt: performance.now(), ...told });
    }
  };
  const lanes = [
    lane(schedule.servers, (fault, report) => world.inject(fault, report)),
    lane(schedule.clients, (fault, { hits }) =>
      CLIENT_FAULTS[fault.kind](fault, { participants, receiver, hits, signal }),
    ),
  ];
  await Promise.allSettled(lanes);
  await Promise.all(lanes);
  return faults.sort((a, b) => a.startedAt - b.startedAt);
}
