import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseResources } from '../k8s/render.js';
import type { Resource } from '../k8s/resources.js';
import { findTool, type Tool } from '../packaged-programs.js';
import { CHART } from './values-schema.js';

const run = promisify(execFile);

let tool: Promise<Tool> | undefined;

/** Runs helm, without the configuration of the user and without a cluster. @throws what it printed on stderr */
export async function helm(...args: string[]): Promise<string> {
  tool ??= findTool(
    'helm',
    [],
    [{ tool: ['helm'], version: ['version', '--template={{.Version}}'], oldest: [3, 14] }],
    `deploy/helm on ${process.platform}-${process.arch} needs helm 3.14 or newer on the PATH: https://helm.sh/docs/intro/install`,
  );
  const [program, ...before] = await tool;
  const home = await mkdtemp(join(tmpdir(), 'chorus-helm-'));
  try {
    const env = {
      ...process.env,
      KUBECONFIG: join(home, 'none'),
      HELM_CACHE_HOME: home,
      HELM_CONFIG_HOME: home,
      HELM_DATA_HOME: home,
    };
    const { stdout } = await run(program, [...before, ...args], { env, maxBuffer: 64 * 1_048_576 });
    return stdout;
  } catch (error) {
    const { stderr = String(error) } = error as { stderr?: string };
    // Helm logs each symbolic link of the chart.
    throw new Error(stderr.replaceAll(/^level=INFO .*\n/gm, '').trim());
  } finally {
    await rm(home, { recursive: true });
  }
}

export type Values = Readonly<Record<string, unknown>>;

interface Release {
  readonly release?: string;
  /** Folder or archive. */
  readonly chart?: string;
  /** Files with values that come before. */
  readonly files?: readonly string[];
}

/** What the chart makes of values. @throws what helm prints */
export async function renderChart(values: Values, release: Release = {}): Promise<Resource[]> {
  return parseResources(await withValues(values, release, ['template']));
}

/** What helm prints after an installation. */
export async function notesFor(values: Values, release: Release = {}): Promise<string> {
  const printed = await withValues(values, release, ['install', '--dry-run=client']);
  return printed.slice(printed.indexOf('\nNOTES:\n'));
}

async function withValues(
  values: Values,
  { release = 'chorus', chart = CHART, files = [] }: Release,
  command: readonly string[],
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'chorus-values-'));
  try {
    const file = join(folder, 'values.json');
    await writeFile(file, JSON.stringify(values));
    const given = [...files, file].flatMap((each) => ['--values', each]);
    return await helm(...command, release, chart, '--namespace', 'chorus', ...given);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Objects that exist only while `helm test` runs. */
export function isHook({ metadata }: Resource): boolean {
  return metadata.annotations?.['helm.sh/hook'] !== undefined;
}
