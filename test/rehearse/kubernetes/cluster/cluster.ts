import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StartError } from '@chorus/service';
import { MACHINE_SCRIPT, OBJECTS } from '../files.js';
import { runTool } from '../prepare/run-tool.js';
import { Kubectl } from './kubectl.js';
import { MACHINES, writeSettings } from './settings.js';

/** What a cluster is started from; see machine.sh. */
export interface Place {
  /** Files of the machines' Debian packages. */
  readonly root: string;
  /** Folder of the programs of Kubernetes. */
  readonly programs: string;
  /** Folder for what this run writes. */
  readonly run: string;
  /** Folder where containerd keeps images between runs. */
  readonly store: string;
  /** Archive of images. */
  readonly images: string;
  /** Prefix of the machines' control groups. */
  readonly cgroup: string;
}

/** Time for each step until the cluster is ready, in milliseconds. A busy machine needs a minute for some. */
const STEP_MS = 180_000;
const POLL_MS = 250;
/** Directories of both volumes; PostgreSQL and Redis may write to them. */
const VOLUMES = ['1', '2'];

/**
 * Starts a cluster of two machines in the network namespace of this process. It ends with this process.
 * @throws {StartError} when a part does not become ready
 */
export async function startCluster(place: Place, say: (line: string) => void): Promise<Kubectl> {
  const kubectl = await Kubectl.for(await writeSettings(place.run, place.cgroup));
  for (const volume of VOLUMES) await mkdir(join(place.run, 'volumes', volume), { recursive: true });
  await runTool('ip', ['link', 'set', 'lo', 'up']);
  startMachine(place, 1);
  await until('the API server', () => kubectl.run('get', '--raw', '/readyz'));
  say('the API server is ready');
  for (let number = 2; number <= MACHINES; number++) await connect(number, startMachine(place, number));
  for (const name of ['names', 'volumes']) {
    await kubectl.apply(await readFile(join(OBJECTS, `${name}.yaml`), 'utf8'));
  }
  await until('the machines', async () => {
    const nodes = await kubectl.run('get', 'nodes', '--no-headers');
    if (nodes.split('\n').filter((line) => / Ready /.test(line)).length < MACHINES)
      throw new Error(nodes.trim());
  });
  say('the machines are ready');
  await kubectl.run(
    '-n',
    'kube-system',
    'rollout',
    'status',
    'deploy/coredns',
    `--timeout=${STEP_MS / 1_000}s`,
  );
  say('names are resolved');
  return kubectl;
}

/** Starts a machine: the first in this network namespace, the others in their own. */
function startMachine({ root, programs, run, store, images, cgroup }: Place, number: number): ChildProcess {
  const namespaces = ['--mount', '--pid', '--uts', '--ipc', ...(number === 1 ? [] : ['--net'])];
  const script = [
    ...[MACHINE_SCRIPT, String(number), root, programs, run],
    ...[join(store, `machine${number}`), images, `${cgroup}-${number}`],
  ];
  return spawn('unshare', [...namespaces, '--fork', '--kill-child', 'bash', ...script], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** Connects a machine to the bridge of the first one. */
async function connect(number: number, { pid }: ChildProcess): Promise<void> {
  if (pid === undefined) throw new StartError('unshare does not start');
  const port = `port${number}`;
  await until('the network of a machine', async () => {
    const [own, other] = await Promise.all(['self', pid].map((id) => readNamespace(id)));
    if (own === other) throw new Error('unshare has not made it yet');
  });
  await runTool('ip', ['link', 'add', port, 'type', 'veth', 'peer', 'name', 'lan0', 'netns', String(pid)]);
  await runTool('ip', ['link', 'set', port, 'master', 'lan0', 'up']);
}

async function readNamespace(id: number | string): Promise<string> {
  return runTool('readlink', [`/proc/${id}/ns/net`]);
}

/** Polls until `poll` does not fail. @throws {StartError} with its last failure */
export async function until<T>(what: string, poll: () => Promise<T>, withinMs = STEP_MS): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    try {
      return await poll();
    } catch (error) {
      if (performance.now() > deadline) {
        throw new StartError(`${what}: not ready in ${withinMs / 1_000} s: ${(error as Error).message}`);
      }
      await sleep(POLL_MS);
    }
  }
}
