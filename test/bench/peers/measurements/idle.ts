import { setTimeout as sleep } from 'node:timers/promises';
import type { Effort, Measurement } from './measurement.js';
import { commonFaults, load, toolMarks, withSystem } from './run-system.js';

const CONNECTIONS = 20_000;
const MEMBERS = 10;
/** Number of connections that come and go first, so that every heap has its working size. */
const FIRST = 1_000;
/** Time after which a system has forgotten them: Chorus keeps a user for two seconds. */
const FORGOTTEN_MS = 3_000;

/** Cost of idle connections: memory, and processor time to connect. */
export const idle: Measurement = {
  name: 'idle',
  title: `idle connections in rooms of ${MEMBERS}`,
  compares: 'KiB/connection',
  moreIsBetter: false,
  rounds: 1,
  quick: true,
  run: (system, effort) => {
    const connections = Math.ceil((CONNECTIONS * effort.share) / MEMBERS) * MEMBERS;
    const rooms = connections / MEMBERS;
    const still: Effort = { ...effort, warmUpMs: 0, durationMs: 100, settleMs: 0 };
    const scenario = { rooms, membersPerRoom: MEMBERS, rate: 0, ramp: 1_500 };
    return withSystem(system, rooms, async (running) => {
      const first = Math.min(FIRST, connections);
      await load(system, running, still, { ...scenario, rooms: Math.ceil(first / MEMBERS) });
      await sleep(FORGOTTEN_MS);
      const { result, meter } = await load(system, running, still, scenario, 'connected');
      const grown = meter.grown('before', 'connected');
      const spent = meter.spent('before', 'connected');
      const perConnection = (value: number): number | undefined =>
        result.connects.ok === 0 ? undefined : value / result.connects.ok;
      const nodeMicros = spent.nodeMicros.reduce((total, micros) => total + micros, 0);
      return {
        figures: {
          'KiB/connection': perConnection(grown.nodeBytes / 1_024),
          'Redis B/connection': perConnection(grown.redisBytes),
          'µs/connect': perConnection(nodeMicros + spent.redisMicros),
          connections: result.connects.ok,
        },
        marks: [...toolMarks(result), ...commonFaults(result)],
      };
    });
  },
};
