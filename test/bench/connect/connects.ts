import { setTimeout as sleep } from 'node:timers/promises';
import type { Effort, Measurement } from '../peers/measurements/measurement.js';
import { commonFaults, load, toolMarks, withSystem } from '../peers/measurements/run-system.js';
import { sum } from '../peers/system-meter.js';

export interface Connects {
  readonly connections: number;
  /** Of each room. */
  readonly members: number;
  /** Connects per second; undefined for as many as the system takes, with 256 in progress per worker of the tool. */
  readonly perSecond: number | undefined;
}

const FULL_SPEED = 1_000_000;
/** Number of connections that come and go first, so that every heap has its working size and the code is compiled. */
const FIRST = 3_000;
/** Time after which a system has forgotten them: Chorus keeps a user for two seconds. */
const FORGOTTEN_MS = 3_000;
/** Time for the announcements that follow the last connect. */
const ANNOUNCED_MS = 1_000;

/** Cost and time of connects that join a room; the members of a room are on both nodes. */
export function connects({ connections: wanted, members, perSecond }: Connects): Measurement {
  const connections = Math.ceil(wanted / members) * members;
  return {
    name: 'connects',
    title: `${connections.toLocaleString('en')} connects into rooms of ${members}, ${perSecond === undefined ? 'at full speed' : `${perSecond} a second`}`,
    compares: 'µs/connect',
    moreIsBetter: false,
    rounds: 3,
    quick: true,
    run: (system, effort) => {
      const still: Effort = { ...effort, warmUpMs: ANNOUNCED_MS, durationMs: 100, settleMs: 0 };
      const scenario = { membersPerRoom: members, rate: 0, ramp: perSecond ?? FULL_SPEED, shuffled: true };
      const rooms = connections / members;
      return withSystem(system, rooms, async (running) => {
        const first = Math.ceil(Math.min(FIRST, connections) / members);
        await load(system, running, still, { ...scenario, rooms: first });
        await sleep(FORGOTTEN_MS);
        const { result, meter } = await load(system, running, still, { ...scenario, rooms }, 'measuring');
        const { nodeMicros, redisMicros } = meter.spent('before', 'measuring');
        const { nodeBytes, redisBytes } = meter.grown('before', 'measuring');
        const { ok, perSecond: reached, ms } = result.connects;
        const each = (value: number): number | undefined => (ok === 0 ? undefined : value / ok);
        return {
          figures: {
            'µs/connect': each(sum(nodeMicros) + redisMicros),
            'nodes µs': each(sum(nodeMicros)),
            'Redis µs': each(redisMicros),
            'connects/s': reached,
            'p50 ms': ms?.p50,
            'p99 ms': ms?.p99,
            'KiB/connection': each(nodeBytes / 1_024),
            'Redis B/connection': each(redisBytes),
          },
          marks: [...toolMarks(result), ...commonFaults(result)],
        };
      });
    },
  };
}
