import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { openFilesLimit } from '@chorus/service';
import { checking } from '../check/merge-rooms.js';
import type { Plan } from '../plan/plan.js';
import type { LoadResult, Moment, NodeResult, ProcessCost } from '../result.js';
import type { Scenario } from '../scenario.js';
import { findBottlenecks, findLimits } from './bottlenecks.js';
import type { Strain, WorkerReport } from './ipc.js';
import { mergeLatency } from './timeline.js';

/** Data of a finished run. */
export interface Leavings {
  readonly scenario: Scenario;
  readonly plan: Plan;
  readonly startedAt: Date;
  /** Start of the first connect, by the workers' clock. */
  readonly began: number;
  /** Duration of the measurement, which is shorter than planned if the run was aborted. */
  readonly measuredMs: number;
  readonly reports: readonly WorkerReport[];
  /** Of each worker, during the measurement. */
  readonly strains: ReadonlyArray<readonly Strain[]>;
  readonly timeline: readonly Moment[];
  readonly costs: readonly ProcessCost[];
}

/** Combines the data of all workers into one result. */
export function gather(leavings: Leavings): LoadResult {
  const { scenario, plan, reports, costs } = leavings;
  const sum = (pick: (report: WorkerReport) => number): number =>
    reports.reduce((total, report) => total + pick(report), 0);
  const ok = sum(({ connects }) => connects.ok);
  const failures = addUp(reports.map(({ connects }) => connects.failures));
  const rampSeconds = (Math.max(...reports.map(({ connects }) => connects.doneAt)) - leavings.began) / 1_000;
  const delivered = sum((report) => report.delivered);
  const nodes = nodeResults(scenario, reports);
  const fileDescriptors = openFilesLimit();
  return {
    scenario,
    startedAt: leavings.startedAt.toISOString(),
    tool: {
      version: toolVersion(),
      node: process.version,
      cpus: cpus().length,
      fileDescriptors,
      bottlenecks: [
        ...findLimits(plan.workers, fileDescriptors, failures),
        ...findBottlenecks(leavings.strains),
      ],
    },
    connects: {
      ok,
      failed: sum(({ connects }) => connects.failed),
      failures,
      perSecond: rampSeconds > 0 ? ok / rampSeconds : 0,
      ms: mergeLatency(reports.map(({ connects }) => connects.ms)),
    },
    messages: {
      seconds: leavings.measuredMs / 1_000,
      sent: sum(({ sent }) => sent),
      acked: sum(({ acked }) => acked),
      delivered,
      refused: addUp(reports.map(({ refused }) => refused)),
      ackMs: mergeLatency(reports.flatMap((report) => report.nodes.map(({ ackMs }) => ackMs))),
      deliveryMs: mergeLatency(reports.flatMap((report) => report.nodes.map(({ deliveryMs }) => deliveryMs))),
    },
    verdict: checking.judge(reports.flatMap(({ rooms }) => rooms)),
    closes: addUp(reports.map(({ closes }) => closes)),
    resumes: {
      ok: sum(({ resumes }) => resumes.ok),
      unrecovered: sum(({ resumes }) => resumes.unrecovered),
      failed: sum(({ resumes }) => resumes.failed),
      ms: mergeLatency(reports.map(({ resumes }) => resumes.ms)),
      replayMs: mergeLatency(reports.map(({ resumes }) => resumes.replayMs)),
      perConnection: addUpEach(reports.map(({ resumes }) => resumes.perConnection)),
    },
    nodes,
    costs,
    cpuMicrosPerDelivery: perDelivery(costs, delivered),
    bytesPerConnection: perConnection(costs, ok),
    timeline: leavings.timeline,
  };
}

function nodeResults(scenario: Scenario, reports: readonly WorkerReport[]): NodeResult[] {
  return scenario.targets.map((target, index) => {
    const parts = reports.flatMap(({ nodes }) => nodes.slice(index, index + 1));
    return {
      target,
      connections: parts.reduce((total, { connections }) => total + connections, 0),
      delivered: parts.reduce((total, { delivered }) => total + delivered, 0),
      deliveryMs: mergeLatency(parts.map(({ deliveryMs }) => deliveryMs)),
      ackMs: mergeLatency(parts.map(({ ackMs }) => ackMs)),
      warmUpMs: mergeLatency(parts.map(({ warmUpMs }) => warmUpMs)),
    };
  });
}

function addUp(tallies: ReadonlyArray<Readonly<Record<string, number>>>): Record<string, number> {
  const all: Record<string, number> = {};
  for (const tally of tallies) {
    for (const [name, count] of Object.entries(tally)) all[name] = (all[name] ?? 0) + count;
  }
  return all;
}

function addUpEach(rows: ReadonlyArray<readonly number[]>): number[] {
  const length = Math.max(...rows.map((row) => row.length));
  return Array.from({ length }, (_, at) => rows.reduce((total, row) => total + (row[at] ?? 0), 0));
}

/** Undefined when the costs of one process are unknown: the sum would be too small. */
function perDelivery(costs: readonly ProcessCost[], delivered: number): number | undefined {
  if (costs.length === 0 || delivered === 0) return undefined;
  let micros = 0;
  for (const { cpuMicros } of costs) {
    if (cpuMicros === undefined) return undefined;
    micros += cpuMicros;
  }
  return micros / delivered;
}

function perConnection(costs: readonly ProcessCost[], connections: number): number | undefined {
  if (costs.length === 0 || connections === 0) return undefined;
  let bytes = 0;
  for (const { residentBytes, holdsConnections = true } of costs) {
    if (!holdsConnections) continue;
    if (residentBytes === undefined) return undefined;
    bytes += residentBytes.connected - residentBytes.before;
  }
  return bytes / connections;
}

function toolVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
