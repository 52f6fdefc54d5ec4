import { spawn } from 'node:child_process';
import { cp, mkdtemp, readdir, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onStopSignal, StartError } from '@chorus/service';
import { INSIDE_MAIN } from './files.js';
import type { Inside } from './inside.js';
import { type KubernetesOptions, readKubernetesOptions } from './options.js';
import { prepare } from './prepare/prepare.js';

const CONTROL_GROUPS = '/sys/fs/cgroup';
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
    await removeControlGroups(cgroup);
    await rm(run, { recursive: true, force: true });
  }
}

async function runInside(inside: Inside): Promise<number> {
  const child = spawn('unshare', [...NAMESPACES, process.execPath, INSIDE_MAIN, JSON.stringify(inside)], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  // A second signal ends the cluster at once: its first process dies with unshare.
  let stopping = false;
  onStopSignal(() => {
    if (stopping) child.kill('SIGKILL');
    stopping = true;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 3));
  });
}

/** The kernel keeps them when their last process has ended. */
async function removeControlGroups(prefix: string): Promise<void> {
  const hierarchies = [CONTROL_GROUPS, ...(await folders(CONTROL_GROUPS))];
  for (const hierarchy of hierarchies) {
    for (const group of await folders(hierarchy)) {
      if (group.startsWith(join(hierarchy, prefix))) await removeTree(group);
    }
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
