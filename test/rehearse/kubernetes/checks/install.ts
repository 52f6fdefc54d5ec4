import { mkdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { StartError } from '@chorus/service';
import { root } from '../../../support/root.js';
import { atMost, type Check } from '../../report/checks.js';
import type { Kubectl } from '../cluster/kubectl.js';
import { HOW_TO } from '../files.js';
import { runTool } from '../prepare/run-tool.js';

export const NAMESPACE = 'chorus-dev';
/** Target, with images on the machines, in seconds. */
const TARGET_SECONDS = 60;
const READY_SECONDS = 300;
/** Commands for a cluster that someone else made: it loads images, and reaches the balancer, in other ways. */
const OTHER_CLUSTER = /\bkind load\b|port-forward/;
const WORKLOADS = [
  ...['statefulset/chorus-postgres', 'statefulset/chorus-redis'],
  ...['api', 'gateway', 'archiver', 'dispatcher'].map((name) => `deploy/chorus-${name}`),
];

/**
 * Returns the commands by which the how-to installs the overlay `dev`, word for word.
 * @throws {StartError} when it has none
 */
export function installCommands(howTo: string): string {
  const blocks = [...howTo.matchAll(/^ *```sh\n(.*?)^ *```/gms)].map(([, text = '']) => text);
  const block = blocks.find((text) => text.includes('apply -k deploy/k8s/overlays/dev'));
  if (block === undefined) throw new StartError('docs/how-to/kubernetes.md does not install the overlay dev');
  return block
    .split('\n')
    .filter((line) => !OTHER_CLUSTER.test(line))
    .join('\n');
}

/**
 * Runs the commands of the how-to and waits until all pods are ready.
 * @throws {StartError} when a command fails or pods do not become ready
 */
export async function install(kubectl: Kubectl, run: string): Promise<Check[]> {
  const path = join(run, 'bin');
  await mkdir(path, { recursive: true });
  await symlink(kubectl.program, join(path, 'kubectl'));
  const began = performance.now();
  await runTool('bash', ['-euc', installCommands(await readFile(HOW_TO, 'utf8'))], {
    cwd: root,
    env: { PATH: `${path}:${process.env.PATH}`, KUBECONFIG: kubectl.kubeconfig },
  });
  await Promise.all(
    WORKLOADS.map((name) =>
      kubectl.run('-n', NAMESPACE, 'rollout', 'status', name, `--timeout=${READY_SECONDS}s`),
    ),
  );
  const seconds = (performance.now() - began) / 1_000;
  return [atMost('installed, all pods ready', TARGET_SECONDS, seconds, ' s')];
}
