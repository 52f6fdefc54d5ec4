import type { Container, Labels, Resource, Selector, WorkloadSpec } from '../k8s/resources.js';
import { environmentOf } from '../k8s/rules/environment.js';
import { isHook } from './helm.js';

/** Labels that only Helm's objects have. */
const HELM_LABELS = new Set([
  'app.kubernetes.io/instance',
  'app.kubernetes.io/version',
  'app.kubernetes.io/managed-by',
  'helm.sh/chart',
]);
/** Kinds whose own labels are looked for by others. */
const LABELLED = new Set(['Service', 'Deployment', 'StatefulSet', 'Job']);
/** What one way has and the other does not need: see the chart's test. */
const LEFT_OUT = new Set(['Namespace', 'ConfigMap', 'Secret']);
/** Annotations about replacing and rolling out, for which each way has its own means. */
const ROLLING = /^(checksum\/|argocd\.argoproj\.io\/|kustomize\.toolkit\.fluxcd\.io\/)/;

/**
 * What objects deploy, by kind and name, without what kustomize and Helm only write differently: labels and names of
 * releases, selectors as labels or as expressions, settings by one ConfigMap or by several, quantities.
 */
export function canonical(resources: readonly Resource[]): Record<string, unknown> {
  return Object.fromEntries(
    resources
      .filter((resource) => !LEFT_OUT.has(resource.kind) && !isHook(resource))
      .map((resource) => {
        const { apiVersion, kind, metadata, ...rest } = resource;
        const content = {
          apiVersion,
          labels: LABELLED.has(kind) ? without(metadata.labels) : {},
          annotations: annotations(metadata.annotations),
          ...rest,
        };
        return [`${kind} ${nameOf(resource)}`, simplify(inlineEnvironment(content, resources))] as const;
      })
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

function nameOf({ kind, metadata: { name } }: Resource): string {
  // Each version has a Job of its own, and each release a policy that denies.
  if (kind === 'Job') return name.replace(/-[0-9a-f]{8}$/, '');
  return name.replace(/^chorus-(?=default-deny$)/, '');
}

function without(labels: Labels = {}): Labels {
  return Object.fromEntries(
    Object.entries(labels).filter(([name]) => !HELM_LABELS.has(name) && name !== 'app.kubernetes.io/part-of'),
  );
}

function annotations(all: Labels = {}): Labels {
  return Object.fromEntries(Object.entries(all).filter(([name]) => !ROLLING.test(name)));
}

/** ConfigMaps as plain variables, all sorted by name. */
function inlineEnvironment(content: object, resources: readonly Resource[]): object {
  const template = (content as { spec?: Partial<WorkloadSpec> }).spec?.template;
  if (template === undefined) return content;
  const container = (one: Container): object => {
    const { env = [], envFrom: _, ...rest } = one;
    const settings = environmentOf({ ...one, env: [] }, resources).env;
    const all = [...env, ...Object.entries(settings).map(([name, value]) => ({ name, value }))];
    return { ...rest, env: all.sort((a, b) => (a.name < b.name ? -1 : 1)) };
  };
  const { initContainers = [], containers, ...pod } = template.spec;
  return {
    ...content,
    spec: {
      ...(content as { spec: object }).spec,
      template: {
        labels: template.metadata.labels,
        annotations: annotations(template.metadata.annotations),
        spec: {
          ...pod,
          initContainers: initContainers.map(container),
          containers: containers.map(container),
        },
      },
    },
  };
}

function simplify(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map((each) => simplify(each));
  if (typeof value === 'string') {
    const thousands = /^(\d+)k$/.exec(value)?.[1];
    // Of KEDA's trigger: the chart's sums over one release, the component's over one installation per Prometheus.
    if (key === 'query') return value.replace(/\{.*\}/, '');
    return thousands === undefined ? value : `${thousands}000`;
  }
  if (typeof value !== 'object' || value === null) return value;
  if ('matchLabels' in value || 'matchExpressions' in value) return expressions(value as Selector);
  const labelled = key === 'labels' || key === 'selector' ? without(value as Labels) : value;
  return Object.fromEntries(Object.entries(labelled).map(([name, each]) => [name, simplify(each, name)]));
}

/** A selector as expressions, sorted by label; nothing if it selects everything. */
function expressions({ matchLabels = {}, matchExpressions = [] }: Selector): object {
  const all = [
    ...Object.entries(matchLabels).map(([key, value]) => ({ key, operator: 'In', values: [value] })),
    ...matchExpressions,
  ].filter(({ key }) => !HELM_LABELS.has(key));
  return all.length === 0 ? {} : { matchExpressions: all.sort((a, b) => (a.key < b.key ? -1 : 1)) };
}
