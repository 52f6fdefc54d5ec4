import { type LoadResult, type Phase, runLoad, type Scenario, scenarioSchema } from '@chorus/loadtest';
import { SystemMeter } from '../system-meter.js';
import type { RunningSystem, System } from '../systems/system.js';
import type { Effort } from './measurement.js';

/** Number of nodes, except in measurements of scaling. */
export const NODES = 2;
/** One process of the tool may have 20,000 descriptors. */
const CONNECTIONS_PER_WORKER = 10_000;

export interface Ran {
  readonly result: LoadResult;
  readonly meter: SystemMeter;
}

/** Starts a system, runs an action with it, and always stops it. */
export async function withSystem<T>(
  system: System,
  rooms: number,
  action: (running: RunningSystem) => Promise<T>,
  nodes = NODES,
): Promise<T> {
  const running = await system.start(nodes, rooms);
  try {
    return await action(running);
  } finally {
    await running.close();
  }
}

/** Puts a load on a running system. @param wanted settings that vary between loads */
export async function load(
  system: System,
  running: RunningSystem,
  effort: Effort,
  wanted: Partial<Scenario> & Pick<Scenario, 'rooms' | 'membersPerRoom' | 'rate'>,
  memoryAt?: Phase,
): Promise<Ran> {
  const connections = wanted.connections ?? wanted.rooms * wanted.membersPerRoom;
  const scenario = scenarioSchema.parse({
    targets: running.targets,
    protocol: system.protocol,
    connections,
    ramp: 2_500,
    warmUpMs: effort.warmUpMs,
    durationMs: effort.durationMs,
    settleMs: effort.settleMs,
    workers: workersFor(connections),
    ...wanted,
  });
  const meter = new SystemMeter(running, memoryAt);
  const result = await runLoad(scenario, {
    identities: running.identities(connections),
    roomIds: Array.from({ length: scenario.rooms }, (_, index) => index + 1),
    ...(system.dialect === undefined ? {} : { dialect: system.dialect }),
    costs: meter,
  });
  return { result, meter };
}

/** Number of processes of the tool for a number of connections. */
export function workersFor(connections: number): number {
  return Math.ceil(connections / CONNECTIONS_PER_WORKER);
}

/** Returns why figures may describe the tool. */
export function toolMarks({ tool }: LoadResult): string[] {
  return tool.bottlenecks.map((why) => `tool: ${why}`);
}

/** Returns the violations and failures of any kind of run. */
export function commonFaults({ connects, verdict }: LoadResult): string[] {
  const faults: string[] = [];
  if (connects.failed > 0) faults.push(`${connects.failed} connects failed`);
  if (verdict.duplicated > 0) faults.push(`${verdict.duplicated} duplicated`);
  return faults;
}
