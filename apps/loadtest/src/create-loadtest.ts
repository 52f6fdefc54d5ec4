import { writeFile } from 'node:fs/promises';
import { Closer, StartError } from '@chorus/service';
import { type CommandLine, readCommandLine } from './cli/command-line.js';
import { findDialect } from './cli/find-dialect.js';
import { requireWritable } from './cli/output-files.js';
import { secondsOf, usersFor } from './cli/schedule.js';
import { readSettings, type Settings } from './cli/settings.js';
import { UsageError } from './cli/usage-error.js';
import { createCostMeter, requireReadable } from './costs/cost-meter.js';
import { metricsSource } from './costs/metrics-costs.js';
import { processSource } from './costs/process-costs.js';
import { checkCapacity, readMachine } from './limits/capacity.js';
import { ProvisionError } from './people/api-client.js';
import { provision } from './people/provision.js';
import { makePlan, PlanError } from './plan/plan.js';
import { reportPage } from './report/page.js';
import { printedResult } from './report/printed.js';
import { createProgress, type Output } from './report/progress.js';
import type { LoadResult } from './result.js';
import { LoadError } from './run/load-parts.js';
import { startLocalCluster } from './run/local-cluster.js';
import type { runLoad } from './run/run-load.js';
import type { Scenario } from './scenario.js';
import { checkThresholds } from './thresholds.js';

/** What the load tester needs from its process. */
export interface LoadtestContext {
  readonly env: NodeJS.ProcessEnv;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Ends the run early; the report covers the time until then. */
  readonly signal: AbortSignal;
  readonly runLoad: typeof runLoad;
}

export const EXIT = { ok: 0, broken: 1, usage: 2, failed: 3 } as const;

/** The load tester as a command. */
export interface Loadtest {
  /** Runs the command line. @returns the exit status; any failure is one line on standard error */
  run(argv: readonly string[]): Promise<number>;
}

export function createLoadtest(context: LoadtestContext): Loadtest {
  return {
    async run(argv) {
      const closer = new Closer();
      try {
        const commandLine = readCommandLine(argv, (text) => context.stdout.write(text));
        if (commandLine === undefined) return EXIT.ok;
        const settings = await readSettings(commandLine, context.env);
        return await run(commandLine, settings, context, closer);
      } catch (error) {
        context.stderr.write(`${lineOf(error, context.signal)}\n`);
        return error instanceof UsageError || error instanceof PlanError ? EXIT.usage : EXIT.failed;
      } finally {
        await closer.close();
      }
    },
  };
}

async function run(
  commandLine: CommandLine,
  settings: Settings,
  context: LoadtestContext,
  closer: Closer,
): Promise<number> {
  const { signal, stderr, stdout } = context;
  const { pids, metrics, json, html, roomIds, prefix } = commandLine;
  const dialect = commandLine.dialect && (await findDialect(commandLine.dialect));
  await requireWritable({ json, html });
  const seconds = secondsOf(settings.scenario);
  requireShort(settings, commandLine, seconds);
  const processes = pids.map(({ name, pid }) => processSource(name, pid));
  const scrapes = metrics.map(metricsSource);
  await requireReadable(processes, '--pid');
  await requireReadable(scrapes, '--metrics');
  // What fits does not depend on the targets, as long as they are on this machine.
  const wanted = fit({
    ...settings.scenario,
    targets: settings.targets.length > 0 ? [...settings.targets] : LOCAL_TARGETS,
  });
  // For another dialect, the engine checks what its sockets can do.
  if (dialect === undefined) requirePlan(wanted);

  const progress = createProgress(stderr, settings.scenario);
  closer.defer(async () => progress.done());
  const cluster =
    commandLine.local === undefined
      ? undefined
      : await startCluster(commandLine.local, context, progress.say);
  if (cluster !== undefined) closer.add(cluster);
  signal.throwIfAborted();
  const scenario = fit({ ...settings.scenario, targets: [...(cluster?.targets ?? settings.targets)] });
  const secret = cluster?.secret ?? settings.secret;
  const { identities, roomIds: rooms } = await provision({
    api: cluster?.api ?? settings.api,
    secret,
    password: settings.password,
    prefix,
    users: settings.users ?? usersFor(scenario.connections, secret !== undefined),
    rooms: scenario.rooms,
    roomIds,
    ttlSeconds: Math.ceil(seconds * 2) + SPARE_SECONDS,
    signal,
    progress: progress.say,
  });
  const costs = createCostMeter([...processes, ...(cluster?.costs ?? []), ...scrapes]);
  const result = await context.runLoad(scenario, {
    identities,
    roomIds: rooms,
    ...(dialect === undefined ? {} : { dialect }),
    costs,
    onPhase: progress.phase,
    onMoment: progress.moment,
    signal,
  });
  progress.done();
  const outcomes = checkThresholds(settings.limits, result);
  const colour = stdout.isTTY === true && stdout.hasColors?.() === true;
  stdout.write(printedResult(result, outcomes, colour));
  if (json !== undefined) {
    await writeFile(json, `${JSON.stringify({ ...result, thresholds: outcomes }, null, 1)}\n`);
  }
  if (html !== undefined) await writeFile(html, await reportPage(result, outcomes, settings.name));
  if (result.connects.ok === 0 && !signal.aborted) throw new LoadError(noSocketOpened(result));
  return outcomes.every(({ holds }) => holds) ? EXIT.ok : EXIT.broken;
}

const LOCAL_TARGETS = ['ws://127.0.0.1'];
/** How much longer than the run minted tokens are valid. */
const SPARE_SECONDS = 600;
/** Tokens of the API are valid for an hour. */
const API_SECONDS = 3_000;

/** @throws {UsageError} for what this machine does not have */
function fit(wanted: Scenario): Scenario {
  const { scenario, problems } = checkCapacity(wanted, readMachine());
  const [problem] = problems;
  if (problem !== undefined) throw new UsageError(problem);
  return scenario;
}

/** @throws {UsageError} for inconsistent numbers */
function requirePlan(scenario: Scenario): void {
  try {
    makePlan(scenario, scenario.protocol === 'plain');
  } catch (error) {
    if (!(error instanceof PlanError)) throw error;
    const { connections, rooms, membersPerRoom } = scenario;
    throw new UsageError(
      `--connections ${connections}, --rooms ${rooms}, --members ${membersPerRoom}: ${error.message}`,
    );
  }
}

function noSocketOpened({ connects, scenario }: LoadResult): string {
  const [why] = Object.keys(connects.failures);
  return `no socket could be opened on ${scenario.targets.join(', ')}${why === undefined ? '' : `: ${why}`}`;
}

function requireShort({ secret }: Settings, { local }: CommandLine, seconds: number): void {
  if (secret !== undefined || local !== undefined || seconds <= API_SECONDS) return;
  throw new UsageError(
    `--duration: the run takes ${Math.ceil(seconds)} s, and tokens of the API are valid for an hour; use --secret`,
  );
}

async function startCluster(gateways: number, { env }: LoadtestContext, say: (what: string) => void) {
  say(`starting ${gateways} gateways, an API, Redis and PostgreSQL`);
  return startLocalCluster(gateways, env, () => {});
}

function lineOf(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return 'stopped';
  const known = [UsageError, PlanError, ProvisionError, LoadError, StartError].some(
    (kind) => error instanceof kind,
  );
  const message = error instanceof Error ? error.message : String(error);
  return `${known ? '' : 'the run failed: '}${message.split('\n')[0]}`;
}
