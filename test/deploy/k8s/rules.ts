import { ofKind, type PodSpec, type Resource, workloads } from './resources.js';
import { environmentOf, environmentRules, graceRules } from './rules/environment.js';
import { networkRules } from './rules/network.js';
import { podRules } from './rules/pods.js';
import { referenceRules } from './rules/references.js';

/** What holds beyond the schema, by what it says; each answers with what is against it. */
export const RULES: Readonly<Record<string, (resources: readonly Resource[]) => string[]>> = {
  'asks every pod how it is, and gives it what it needs and no rights': podRules,
  'gives each program settings that it has and accepts': environmentRules,
  'leaves every pod the time that it takes to stop': graceRules,
  'names only what is there': referenceRules,
  'closes everything except what is named': networkRules,
  'replaces gateways all together, and never has fewer pods than before': rolloutRules,
  'scales out long before a gateway is full': scalingRules,
};

function rolloutRules(resources: readonly Resource[]): string[] {
  return workloads(resources)
    .filter(({ kind }) => kind === 'Deployment')
    .flatMap(({ name, spec, pod }) => {
      const { maxUnavailable, maxSurge } = spec.strategy?.rollingUpdate ?? {};
      return [
        ...(maxUnavailable === 0 ? [] : [`${name}: has fewer pods for a while`]),
        ...(name !== 'chorus-gateway' || knowsRevision(pod) ? [] : [`${name}: moves clients twice`]),
        ...(name !== 'chorus-gateway' || maxSurge === '100%' ? [] : [`${name}: is replaced bit by bit`]),
        ...((spec.minReadySeconds ?? 0) > 0
          ? []
          : [`${name}: counts on a pod as soon as it says that it is ready`]),
      ];
    });
}

/** Gateways that end wait for those of their rollout, so they have to know it. */
function knowsRevision({ containers }: PodSpec): boolean {
  return containers.every(({ env = [] }) =>
    env.some(
      ({ name, valueFrom }) =>
        name === 'REVISION' && valueFrom?.fieldRef?.fieldPath === "metadata.labels['pod-template-hash']",
    ),
  );
}

function scalingRules(resources: readonly Resource[]): string[] {
  interface Spec {
    readonly metrics: readonly { readonly pods?: { readonly target: { readonly averageValue: string } } }[];
  }
  const gateway = workloads(resources).find(({ name }) => name === 'chorus-gateway')?.pod.containers[0];
  if (gateway === undefined) return ['there are no gateways'];
  const limit = Number(environmentOf(gateway, resources).env.MAX_CONNECTIONS);
  const { REBALANCE } = environmentOf(gateway, resources).env;
  const targets = ofKind<Spec>(resources, 'HorizontalPodAutoscaler')
    .flatMap(({ spec }) => spec.metrics)
    .flatMap(({ pods }) => (pods === undefined ? [] : [pods.target.averageValue]))
    .map((value) => Number(value.replace(/k$/, '000')));
  return [
    ...(REBALANCE === 'auto' ? [] : ['new gateways stay empty']),
    ...targets
      .filter((target) => !(target <= limit / 2))
      .map((target) => `${target} of ${limit} sockets is too late`),
  ];
}
