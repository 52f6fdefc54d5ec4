import { spawn } from 'node:child_process';
import { cp, mkdtemp, readdir, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endWithOwner, guardedCommand, lookUpProcess } from '@chorus/local';
import { onStopSignal, StartError } from '@chorus/service';
import { INSIDE_MAIN } from './files.js';
import type { Inside } from './inside.js';
import { type KubernetesOptions, readKubernetesOptions } from './options.js';
import { prepare } from './prepare/prepare.js';

/** Exit status when another rehearsal uses the cache. */
const IN_USE = 75;
const CONTROL_GROUPS = '/sys/fs/cgroup';
const GROUP = /chorus-rehearsal-(\d+)-\d$/;
/** Everything that the cluster has is in these: it ends with its first process. */
const NAMESPACES = ['--net', '--mount', '--pid', '--ipc', '--fork', '--kill-child', '--mount-proc'];

const options = readKubernetesOptions(process.argv.slice(2));
try {
  process.exitCode = await rehearse(options);
} catch (error) {
  process.exitCode = 3;
  console.error(error instanceof StartError ? error.message : error);
}

/** Returns the exit status. */
async function rehearse(options: KubernetesOptions): Promise<number> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    throw new StartError('the rehearsal needs Linux, and root for its namespaces');
  }
  const prepared = await prepare(options.cache, (line) => console.error(line));
  const run = await mkdtemp(join(tmpdir(), 'chorus-kubernetes-'));
  const cgroup = `chorus-rehearsal-${process.pid}`;
  try {
    return await runInside({ options, place: { ...prepared, run, cgroup } });
  } finally {
    if (options.logs !== undefined) await cp(join(run, 'log'), options.logs, { recursive: true });
    await removeControlGroups();
    await rm(run, { recursive: true, force: true });
  }
}

/** Runs the cluster and its checks. They end with this process, also when it is killed. */
async function runInside(inside: Inside): Promise<number> {
  const lock = [
    '--no-fork',
    '--nonblock',
    '--conflict-exit-code',
    String(IN_USE),
    join(options.cache, 'lock'),
  ];
  const program = [process.execPath, INSIDE_MAIN, JSON.stringify(inside)];
  const { command, args } = guardedCommand('flock', [...lock, 'unshare', ...NAMESPACES, ...program], {
    signal: 'SIGKILL',
    folder: inside.place.run,
  });
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'pipe'] });
  endWithOwner(child);
  onStopSignal(() => child.kill('SIGKILL'));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code === IN_USE) throw new StartError('another rehearsal runs with this cache');
  return code ?? 3;
}

/** Removes groups of this process, and of those that were killed: the kernel keeps them when their last process has ended. */
async function removeControlGroups(): Promise<void> {
  const hierarchies = [CONTROL_GROUPS, ...(await folders(CONTROL_GROUPS))];
  for (const group of (await Promise.all(hierarchies.map(folders))).flat()) {
    const owner = Number(GROUP.exec(group)?.[1]);
    const ended = owner === process.pid || (await lookUpProcess(owner)) === undefined;
    if (owner > 0 && ended) await removeTree(group);
  }
}

async function removeTree(group: string): Promise<void> {
  for (const child of await folders(group)) await removeTree(child);
  await rmdir(group).catch(() => undefined);
}

async function folders(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
}
