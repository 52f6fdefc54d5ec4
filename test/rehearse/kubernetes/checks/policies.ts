import { setTimeout as sleep } from 'node:timers/promises';
import type { Check } from '../../report/checks.js';
import type { Kubectl } from '../cluster/kubectl.js';
import { SERVICES_IMAGE } from '../prepare/images.js';
import { NAMESPACE } from './install.js';

/** A pod that tries to connect, or to which others try to. */
interface Party {
  readonly namespace: string;
  readonly selector: string;
  /** Ports on which it listens. */
  readonly ports: readonly number[];
}

const part = (component: string, ...ports: number[]): Party => ({
  namespace: NAMESPACE,
  selector: `app.kubernetes.io/name=chorus,app.kubernetes.io/component=${component}`,
  ports,
});
const named = (namespace: string, name: string, ...ports: number[]): Party => ({
  namespace,
  selector: `app.kubernetes.io/name=${name}`,
  ports,
});

export const PARTIES: Readonly<Record<string, Party>> = {
  api: part('api', 3000, 9090),
  gateway: part('gateway', 4000, 9090),
  archiver: part('archiver', 4100, 9090),
  dispatcher: part('dispatcher', 4200, 9090),
  postgres: named(NAMESPACE, 'chorus-postgres', 5432),
  redis: named(NAMESPACE, 'chorus-redis', 6379),
  balancer: named('ingress-nginx', 'ingress-nginx'),
  stranger: named('default', 'stranger'),
};

/** Connections that the policies permit; they refuse all others. By the source. */
export const PERMITTED: Readonly<Record<string, readonly string[]>> = {
  api: ['postgres:5432', 'redis:6379'],
  gateway: ['gateway:4000', 'redis:6379'],
  archiver: ['postgres:5432', 'redis:6379'],
  dispatcher: ['postgres:5432'],
  balancer: ['api:3000', 'gateway:4000'],
};

/** Time for a connection, in seconds. */
const CONNECT_SECONDS = 3;
const ATTEMPTS = 3;
/** Time that the enforcer may need after a pod has started, in milliseconds. */
const ENFORCED_MS = 5_000;
const STRANGER = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'stranger', namespace: 'default', labels: { 'app.kubernetes.io/name': 'stranger' } },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: [
      { name: 'stranger', image: SERVICES_IMAGE, imagePullPolicy: 'Never', command: ['sleep', 'infinity'] },
    ],
  },
};

/**
 * Tries every pair of pod and port, with enforcement. A port on which no program listens would look like one that is
 * protected, so each pod also connects to itself.
 */
export async function tryPolicies(kubectl: Kubectl): Promise<Check[]> {
  await kubectl.apply(JSON.stringify(STRANGER));
  await kubectl.run('wait', '--for=condition=Ready', 'pod/stranger', '--timeout=60s');
  const pods = new Map<string, readonly Pod[]>();
  for (const [name, party] of Object.entries(PARTIES)) pods.set(name, await podsOf(kubectl, party));
  const targets = Object.entries(PARTIES).flatMap(([name, { ports }]) =>
    // The last pod of a kind is a target, the first one a source: gateways connect to each other.
    ports.map((port) => ({
      name: `${name}:${port}`,
      address: pods.get(name)?.at(-1)?.status.podIP ?? '',
      port,
    })),
  );
  const wrong: string[] = [];
  let tried = 0;
  for (const [name, { ports, namespace }] of Object.entries(PARTIES)) {
    const permitted = PERMITTED[name] ?? [];
    const own = ports.map((port) => ({ name: `itself:${port}`, address: '127.0.0.1', port }));
    const source = pods.get(name)?.[0];
    // No policy applies within a pod.
    const others = targets.filter(({ address }) => address !== source?.status.podIP);
    const goals = [...own, ...others].map((target) => ({
      ...target,
      wanted: target.address === '127.0.0.1' || permitted.includes(target.name),
    }));
    tried += goals.length;
    let failed = goals;
    for (let attempt = 1; attempt <= ATTEMPTS && failed.length > 0; attempt++) {
      if (attempt > 1) await sleep(ENFORCED_MS);
      const reached = await reach(kubectl, namespace, source?.metadata.name ?? '', failed);
      failed = failed.filter(({ name, wanted }) => reached.has(name) !== wanted);
    }
    wrong.push(...failed.map((goal) => `${name} → ${goal.name} ${goal.wanted ? 'refused' : 'permitted'}`));
  }
  return [
    {
      name: 'connections that are permitted or refused as the policies say',
      wanted: `${tried} of ${tried}`,
      seen: `${tried - wrong.length} of ${tried}${wrong.length > 0 ? `: ${wrong.join(', ')}` : ''}`,
      holds: wrong.length === 0,
    },
  ];
}

interface Pod {
  readonly metadata: { readonly name: string };
  readonly status: { readonly podIP: string };
}

async function podsOf(kubectl: Kubectl, { namespace, selector }: Party): Promise<readonly Pod[]> {
  const { items } = await kubectl.get<{ items: Pod[] }>('pods', '-n', namespace, '-l', selector);
  return items;
}

/** Returns the names of the targets to which a pod can connect. */
async function reach(
  kubectl: Kubectl,
  namespace: string,
  pod: string,
  targets: ReadonlyArray<{ readonly name: string; readonly address: string; readonly port: number }>,
): Promise<Set<string>> {
  const tries = targets.map(({ name, address, port }) => {
    const connect = `exec 3<>/dev/tcp/${address}/${port}`;
    return `(timeout ${CONNECT_SECONDS} bash -c '${connect}' 2>/dev/null && echo '${name}') &`;
  });
  const output = await kubectl.run(
    '-n',
    namespace,
    'exec',
    pod,
    '--',
    'bash',
    '-c',
    `${tries.join('\n')}\nwait`,
  );
  return new Set(output.split('\n'));
}
