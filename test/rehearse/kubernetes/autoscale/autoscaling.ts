import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeTestCertificates } from '@chorus/testing';
import { parse } from 'yaml';
import type { Spread } from '../../rehearsals/perform.js';
import { type Check, count } from '../../report/checks.js';
import { total } from '../../report/level.js';
import { NAMESPACE } from '../checks/install.js';
import { until } from '../cluster/cluster.js';
import type { Kubectl } from '../cluster/kubectl.js';
import { ADAPTER, COMPONENTS } from '../files.js';
import { type Act, Operator } from '../load/acts.js';
import type { UnderLoad } from '../load/under-load.js';
import type { Section } from '../report.js';

/** Gateways without load, and those that the load needs. */
const FEW = 3;
const MANY = 5;
/** Times for scaling out, for new gateways to fill up, and for scaling in, in milliseconds. */
const OUT_MS = 120_000;
const FILL_MS = 120_000;
const IN_MS = 150_000;
/** The autoscaler of the component waits 15 minutes before it removes pods; here it need not. */
const SCALE_DOWN = {
  stabilizationWindowSeconds: 0,
  policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
};
/** Lets the autoscaler of the component scale gateways by their sockets, out under load and in without. */
export async function tryAutoscaling(
  kubectl: Kubectl,
  underLoad: UnderLoad,
  connections: number,
): Promise<Section> {
  const operator = new Operator(kubectl);
  await startAdapter(kubectl);
  let most = 0;
  let emptiest = 0;
  const act: Act = {
    title: 'Gateways scaled by their sockets',
    moves: 2,
    silence: 1,
    async perform(_, scene) {
      await kubectl.apply(await autoscaler(Math.ceil(connections / MANY)));
      await reached(operator, (ready) => ready >= MANY, OUT_MS);
      most = await readyGateways(operator);
      scene.note(`${most} gateways`);
      await scene.until(() => isFilled(scene.spreads.at(-1), most), FILL_MS);
      emptiest = Math.min(...Object.values(scene.spreads.at(-1)?.connections ?? { none: 0 }));
    },
  };
  const section = await underLoad.try(act);
  await reached(operator, (ready) => ready <= FEW, IN_MS);
  const least = await readyGateways(operator);
  await operator.run('delete', 'hpa', 'chorus-gateway');
  const checks: Check[] = [
    { name: 'gateways under load', wanted: String(MANY), seen: String(most), holds: most === MANY },
    {
      name: 'sockets of the emptiest gateway',
      wanted: `at least ${count(leastOf(connections, MANY))}`,
      seen: count(emptiest),
      holds: emptiest >= leastOf(connections, MANY),
    },
    { name: 'gateways without load', wanted: String(FEW), seen: String(least), holds: least === FEW },
  ];
  return { ...section, checks: [...checks, ...section.checks] };
}

/** A new gateway has filled up when it has half of the average. */
function leastOf(connections: number, gateways: number): number {
  return Math.floor(connections / gateways / 2);
}

function isFilled(spread: Spread | undefined, gateways: number): boolean {
  const counts = Object.values(spread?.connections ?? {});
  return counts.length === gateways && Math.min(...counts) >= leastOf(total(spread), gateways);
}

/** The autoscaler of the component, with other numbers. */
async function autoscaler(sockets: number): Promise<string> {
  const object = parse(await readFile(join(COMPONENTS, 'autoscaling/gateway.yaml'), 'utf8'));
  object.metadata.namespace = NAMESPACE;
  object.spec.metrics[0].pods.target.averageValue = String(sockets);
  object.spec.behavior.scaleDown = SCALE_DOWN;
  return JSON.stringify(object);
}

async function startAdapter(kubectl: Kubectl): Promise<void> {
  const policy = join(COMPONENTS, 'monitoring/network-policy.yaml');
  await kubectl.run('-n', NAMESPACE, 'apply', '-f', policy);
  await kubectl.apply(await readFile(join(ADAPTER, 'adapter.yaml'), 'utf8'));
  const certificates = await makeTestCertificates();
  try {
    const [KEY, CERT] = await Promise.all(
      [certificates.server.key, certificates.server.cert].map((file) => readFile(file, 'utf8')),
    );
    const metadata = { name: 'adapter', namespace: 'monitoring' };
    const program = await readFile(join(ADAPTER, 'adapter.mjs'), 'utf8');
    for (const object of [
      { apiVersion: 'v1', kind: 'Secret', metadata, stringData: { KEY, CERT } },
      { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'adapter.mjs': program } },
    ]) {
      await kubectl.apply(JSON.stringify(object));
    }
  } finally {
    await certificates.close();
  }
  await kubectl.run('-n', 'monitoring', 'rollout', 'status', 'deploy/adapter', '--timeout=60s');
}

async function readyGateways(operator: Operator): Promise<number> {
  const ready = await operator.run(
    'get',
    'deploy',
    'chorus-gateway',
    '-o',
    'jsonpath={.status.readyReplicas}',
  );
  return Number(ready);
}

/** Resolves when the number of ready gateways fits, or after the time: the report says what was seen. */
async function reached(
  operator: Operator,
  fits: (ready: number) => boolean,
  withinMs: number,
): Promise<void> {
  const poll = async (): Promise<void> => {
    const ready = await readyGateways(operator);
    if (!fits(ready)) throw new Error(`${ready} gateways`);
  };
  await until('the autoscaler', poll, withinMs).catch(() => undefined);
}
