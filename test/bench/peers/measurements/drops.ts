import type { System } from '../systems/system.js';
import type { Effort, Measurement, Sample } from './measurement.js';
import { commonFaults, load, type Ran, toolMarks, withSystem } from './run-system.js';

export interface Drops {
  readonly rooms: number;
  readonly members: number;
  readonly messagesPerSecond: number;
  /** Connections that are cut per second. */
  readonly cutsPerSecond: number;
  readonly awayMs: number;
}

const DROPS: Drops = { rooms: 10, members: 100, messagesPerSecond: 100, cutsPerSecond: 100, awayMs: 2_000 };

/** Clients lose the network, reconnect and resume as the system's own client would. */
export const drops: Measurement = {
  name: 'drops',
  title: `10 rooms of 100, ${DROPS.cutsPerSecond} connections a second cut for ${DROPS.awayMs / 1_000} s`,
  compares: '% lost',
  moreIsBetter: false,
  rounds: 3,
  quick: true,
  run: (system, effort) => dropSome(system, effort, DROPS),
};

export function dropSome(system: System, effort: Effort, wanted: Drops): Promise<Sample> {
  // Long enough for the last client that is cut to reconnect.
  const patient = { ...effort, settleMs: effort.settleMs + wanted.awayMs };
  return withSystem(system, wanted.rooms, async (running) =>
    sample(
      system,
      await load(system, running, patient, {
        rooms: wanted.rooms,
        membersPerRoom: wanted.members,
        rate: wanted.messagesPerSecond,
        churn: wanted.cutsPerSecond,
        churnAwayMs: wanted.awayMs,
      }),
    ),
  );
}

function sample(system: System, { result }: Ran): Sample {
  const { messages, verdict, resumes } = result;
  // The verdict includes the warm-up, in which no client is cut.
  const due = messages.sent * result.scenario.membersPerRoom;
  const marks = [...toolMarks(result), ...commonFaults(result)];
  if (system.recovers && verdict.lost > 0) marks.push(`${verdict.lost} lost in spite of recovery`);
  return {
    figures: {
      '% lost': due === 0 ? undefined : (100 * verdict.lost) / due,
      lost: verdict.lost,
      due,
      'came back': resumes.ok + resumes.unrecovered,
      'not recovered': resumes.unrecovered,
      'replay p99 ms': resumes.ms?.p99,
      'order differs': verdict.orderDisagreements,
    },
    marks,
  };
}
