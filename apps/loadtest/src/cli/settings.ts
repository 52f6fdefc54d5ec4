import type { Environment } from '@chorus/service';
import { isLoopback, refuseRemote } from '../limits/targets.js';
import { type Scenario, scenarioSchema } from '../scenario.js';
import type { Limits } from '../thresholds.js';
import { sortChosen } from './chosen.js';
import type { CommandLine } from './command-line.js';
import { readScenario } from './scenario-file.js';
import { SCENARIO_OPTIONS } from './scenario-options.js';
import { UsageError } from './usage-error.js';

/** Settings of a run before its targets are known: a cluster may have to be started first. */
export interface Settings {
  /** Name in the scenario file; undefined without a file. */
  readonly name: string | undefined;
  readonly scenario: Omit<Scenario, 'targets'>;
  /** Empty when a cluster is started. */
  readonly targets: readonly string[];
  readonly limits: Limits;
  /** Undefined for as many as fit. */
  readonly users: number | undefined;
  readonly api: string | undefined;
  readonly secret: string | undefined;
  readonly password: string;
}

const whereSchema = scenarioSchema.pick({ targets: true });
const whatSchema = scenarioSchema.omit({ targets: true });
/** Publicly known, so for accounts on this machine only. */
const LOCAL_PASSWORD = 'load-test';

/**
 * Combines command line, scenario file and environment, in this order of precedence.
 * @throws {UsageError}
 */
export async function readSettings(commandLine: CommandLine, env: Environment): Promise<Settings> {
  const named = commandLine.scenario && (await readScenario(commandLine.scenario));
  const { scenario: given, limits, users } = sortChosen(named?.chosen ?? new Map(), commandLine.chosen);
  const { targets: givenTargets, ...rest } = given;
  const what = whatSchema.safeParse(rest);
  if (!what.success) throw invalid(what.error.issues[0], rest);
  const scenario = what.data;
  requireAtMost('senders', scenario.senders ?? 0, scenario.connections);
  requireAtMost('slow-readers', scenario.slowReaders, scenario.connections);
  requireRooms(commandLine, scenario.rooms);
  const secret = commandLine.secret ?? (env.LOADTEST_JWT_SECRET || undefined);
  const targets = commandLine.local === undefined ? readTargets(givenTargets) : [];
  if (commandLine.local !== undefined && (givenTargets || commandLine.api || secret)) {
    throw new UsageError('--local starts servers of its own: it goes without --target, --api and --secret');
  }
  const api = commandLine.api ?? apiOf(targets[0], secret !== undefined && commandLine.roomIds !== undefined);
  refuseRemote([...targets, ...(api === undefined ? [] : [api])], commandLine.allowRemote);
  const password = env.LOADTEST_PASSWORD || LOCAL_PASSWORD;
  if (api !== undefined && secret === undefined && !isLoopback(api) && !env.LOADTEST_PASSWORD) {
    throw new UsageError(
      `LOADTEST_PASSWORD is not set: accounts on ${new URL(api).host} need a password that is not public`,
    );
  }
  return { name: named?.name, scenario, targets, limits, users, api, secret, password };
}

function readTargets(given: unknown): readonly string[] {
  if (given === undefined) {
    throw new UsageError('--target is not set: say where the servers are, or --local to start some');
  }
  const where = whereSchema.safeParse({ targets: given });
  if (!where.success) throw invalid(where.error.issues[0], { targets: given });
  return where.data.targets;
}

/** A balancer in front of everything serves the API at the gateways' address. */
function apiOf(target: string | undefined, unneeded: boolean): string | undefined {
  if (target === undefined || unneeded) return undefined;
  const url = new URL(target);
  return `${url.protocol === 'wss:' ? 'https' : 'http'}://${url.host}`;
}

function requireRooms({ roomIds }: CommandLine, rooms: number): void {
  if (roomIds === undefined || roomIds.length >= rooms) return;
  throw new UsageError(`--room-ids: there are ${roomIds.length}, and --rooms ${rooms} needs as many`);
}

function requireAtMost(name: string, value: number, connections: number): void {
  if (value <= connections) return;
  throw new UsageError(`--${name} ${value} is invalid. It must be at most --connections, ${connections}.`);
}

function invalid(
  issue: { readonly path: readonly PropertyKey[]; readonly message: string } | undefined,
  given: Readonly<Record<string, unknown>>,
): UsageError {
  const [field] = issue?.path ?? [];
  const option = SCENARIO_OPTIONS.find(({ sets }) => 'scenario' in sets && sets.scenario === field);
  return new UsageError(
    `--${option?.name ?? String(field)} ${given[String(field)]} is invalid. ${issue?.message}.`,
  );
}
