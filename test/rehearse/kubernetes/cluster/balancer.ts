import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rewriteHaproxyConfig } from '../../balancer/haproxy.js';
import { SHIPPED_HAPROXY_CFG } from '../../files.js';
import { OBJECTS } from '../files.js';
import { until } from './cluster.js';
import type { Kubectl } from './kubectl.js';

/** Address of the balancer, for this process. */
export const BALANCER = '10.222.0.1:32080';
const SECTIONS = [
  'global',
  'defaults',
  'resolvers names',
  'frontend users',
  'backend gateways',
  'backend api',
];
/** A process may open 20,000 files on some machines. */
const MAX_CONNECTIONS = 9_000;

/** Installs HAProxy in front of Chorus. @throws {StartError} when it does not become ready */
export async function startBalancer(kubectl: Kubectl, namespace: string): Promise<void> {
  const config = clusterHaproxyConfig(await readFile(SHIPPED_HAPROXY_CFG, 'utf8'), namespace);
  await kubectl.apply(await readFile(join(OBJECTS, 'balancer.yaml'), 'utf8'));
  await kubectl.apply(
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'haproxy', namespace: 'ingress-nginx' },
      data: { 'haproxy.cfg': config },
    }),
  );
  const deployment = ['deploy/ingress-nginx-controller', '--timeout=120s'];
  await kubectl.run('-n', 'ingress-nginx', 'rollout', 'status', ...deployment);
  // The rules for its port, and its own checks of the pods, follow within seconds.
  await until('the balancer', async () => {
    const { status } = await fetch(`http://${BALANCER}`);
    if (status !== 200) throw new Error(`status ${status}`);
  });
}

/** Returns the shipped configuration for pods of a namespace. */
export function clusterHaproxyConfig(shipped: string, namespace: string): string {
  const domain = `${namespace}.svc.cluster.local`;
  return rewriteHaproxyConfig(shipped, SECTIONS, [
    [/^ {4}fd-hard-limit \d+$/m, `    maxconn ${MAX_CONNECTIONS}`],
    [/^ {4}option httplog\n/m, ''],
    // HAProxy does not add search domains.
    [/ gateway:4000$/m, ` gateway.${domain}:4000`],
    [/ api:3000$/m, ` api.${domain}:3000`],
  ]);
}
