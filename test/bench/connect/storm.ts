import { type LoadResult, runLoad, scenarioSchema } from '@chorus/loadtest';
import type { Measurement, Sample } from '../peers/measurements/measurement.js';
import { toolMarks, withSystem, workersFor } from '../peers/measurements/run-system.js';
import type { RunningSystem, System } from '../peers/systems/system.js';

export interface Storm {
  /** Connections of the node that is killed. */
  readonly connections: number;
  /** Of each room. */
  readonly members: number;
  readonly messagesPerSecond: number;
  /** Time over which the clients spread their first attempts, in milliseconds. */
  readonly overMs: number;
}

const NODES = 3;
/** Connections of the node that is killed, for one of each other node. */
const SHARE = 10;
/** Messages of each room before the storm. */
const ROUNDS = 2;
/** Connects per second before the storm. */
const RAMP = 1_000;
/** Close code of sockets that the system ended. */
const LOST = '1006';
/** Longest wait for clients that reconnect, beyond the time over which they spread, in milliseconds. */
const PATIENCE_MS = 30_000;

/**
 * The clients of a node that was killed reconnect to the two others, while every room has messages: time until they have caught
 * up, and the latency of the others meanwhile. Every room has members on all nodes.
 */
export function storm(wanted: Storm): Measurement {
  const { connections, members, overMs } = wanted;
  return {
    name: 'storm',
    title: `${connections.toLocaleString('en')} clients of a killed node reconnect over ${overMs / 1_000} s, rooms of ${members}`,
    compares: 'caught up s',
    moreIsBetter: false,
    rounds: 1,
    quick: false,
    run: (system, effort) => {
      const rooms = Math.ceil((connections * (SHARE + NODES - 1)) / SHARE / members);
      return withSystem(
        system,
        rooms,
        (running) => {
          // Every room has messages before: a client without a position cannot resume.
          const warmUpMs = Math.max(effort.warmUpMs, (ROUNDS * rooms * 1_000) / wanted.messagesPerSecond);
          return storms(system, running, { ...wanted, rooms, warmUpMs });
        },
        NODES,
      );
    },
  };
}

async function storms(
  system: System,
  running: RunningSystem,
  wanted: Storm & { readonly rooms: number; readonly warmUpMs: number },
): Promise<Sample> {
  const { rooms, members, overMs, messagesPerSecond, warmUpMs } = wanted;
  const [killed = '', ...others] = running.targets;
  const [node] = running.nodes;
  const connections = rooms * members;
  const scenario = scenarioSchema.parse({
    targets: [...Array.from({ length: SHARE }, () => killed), ...others],
    protocol: system.protocol,
    connections,
    rooms,
    membersPerRoom: members,
    rate: messagesPerSecond,
    ramp: RAMP,
    warmUpMs,
    durationMs: overMs * 2,
    settleMs: PATIENCE_MS,
    workers: workersFor(connections),
    reconnectOverMs: overMs,
    reconnectElsewhere: true,
  });
  const result = await runLoad(scenario, {
    identities: running.identities(connections),
    roomIds: Array.from({ length: rooms }, (_, index) => index + 1),
    ...(system.dialect === undefined ? {} : { dialect: system.dialect }),
    onPhase: (phase) => {
      if (phase === 'measuring' && node !== undefined) process.kill(node.pid, 'SIGKILL');
    },
  });
  const { verdict, resumes, nodes } = result;
  const cut = nodes.slice(0, SHARE).reduce((total, node) => total + node.connections, 0);
  const marks = [...toolMarks(result), ...stormFaults(result, cut)];
  if (system.recovers && verdict.lost > 0) marks.push(`${verdict.lost} lost in spite of recovery`);
  const before = nodes.slice(SHARE).map(({ warmUpMs: latency }) => latency?.p99 ?? 0);
  const during = nodes.slice(SHARE).map(({ deliveryMs: latency }) => latency?.p99 ?? 0);
  return {
    figures: {
      'caught up s': resumes.ms === undefined ? undefined : resumes.ms.max / 1_000,
      'p50 s': resumes.ms === undefined ? undefined : resumes.ms.p50 / 1_000,
      'catch-up p99 ms': resumes.replayMs?.p99,
      'came back': resumes.ok + resumes.unrecovered,
      'not recovered': resumes.unrecovered,
      'refused or failed': result.connects.failed,
      lost: verdict.lost,
      "others' p99 ms before": Math.max(...before),
      meanwhile: Math.max(...during),
    },
    marks,
  };
}

function stormFaults({ resumes, connects, closes, verdict }: LoadResult, cut: number): string[] {
  const faults: string[] = [];
  const missing = cut - resumes.ok - resumes.unrecovered;
  if (missing > 0) faults.push(`${missing} of ${cut} have not come back`);
  if (verdict.duplicated > 0) faults.push(`${verdict.duplicated} duplicated`);
  const reasons = Object.entries({ ...connects.failures, ...closes }).filter(([reason]) => reason !== LOST);
  return [...faults, ...reasons.map(([reason, count]) => `${count} × ${reason}`)];
}
