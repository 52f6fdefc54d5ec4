/** What the rules look at, of objects that fit the schema. */
export interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Labels;
    readonly annotations?: Labels;
  };
  readonly spec?: unknown;
  readonly data?: Readonly<Record<string, string>>;
}

export type Labels = Readonly<Record<string, string>>;

export interface Selector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

export interface Probe {
  readonly httpGet?: { readonly path: string; readonly port: string | number };
  readonly tcpSocket?: { readonly port: string | number };
  readonly exec?: object;
  readonly timeoutSeconds?: number;
}

export interface EnvVar {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: {
    readonly secretKeyRef?: { readonly name: string; readonly key: string; readonly optional?: boolean };
    readonly fieldRef?: { readonly fieldPath: string };
  };
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly EnvVar[];
  readonly envFrom?: readonly { readonly configMapRef?: { readonly name: string } }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly startupProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly resources?: { readonly requests?: Labels; readonly limits?: Labels };
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
  readonly securityContext?: {
    readonly allowPrivilegeEscalation?: boolean;
    readonly readOnlyRootFilesystem?: boolean;
    readonly capabilities?: { readonly drop?: readonly string[]; readonly add?: readonly string[] };
  };
}

export interface PodSpec {
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly serviceAccountName?: string;
  readonly automountServiceAccountToken?: boolean;
  readonly enableServiceLinks?: boolean;
  readonly terminationGracePeriodSeconds?: number;
  readonly securityContext?: {
    readonly runAsNonRoot?: boolean;
    readonly runAsUser?: number;
    readonly fsGroup?: number;
    readonly fsGroupChangePolicy?: string;
    readonly seccompProfile?: { readonly type: string };
  };
  readonly topologySpreadConstraints?: readonly { readonly labelSelector?: Selector }[];
  readonly volumes?: readonly { readonly name: string }[];
}

export interface WorkloadSpec {
  readonly replicas?: number;
  readonly selector?: Selector;
  readonly minReadySeconds?: number;
  readonly strategy?: {
    readonly rollingUpdate?: { readonly maxUnavailable?: unknown; readonly maxSurge?: unknown };
  };
  readonly template: {
    readonly metadata: { readonly labels: Labels; readonly annotations?: Labels };
    readonly spec: PodSpec;
  };
  readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string } }[];
}

/** Something that makes pods. */
export interface Workload {
  readonly kind: string;
  readonly name: string;
  readonly spec: WorkloadSpec;
  readonly labels: Labels;
  readonly pod: PodSpec;
}

const WORKLOADS = new Set(['Deployment', 'StatefulSet', 'Job']);

export function workloads(resources: readonly Resource[]): Workload[] {
  return resources
    .filter(({ kind }) => WORKLOADS.has(kind))
    .map(({ kind, metadata, spec }) => {
      const workload = spec as WorkloadSpec;
      const { template } = workload;
      return {
        kind,
        name: metadata.name,
        spec: workload,
        labels: template.metadata.labels,
        pod: template.spec,
      };
    });
}

export function allContainers({ pod }: Workload): Container[] {
  return [...(pod.initContainers ?? []), ...pod.containers];
}

/** The objects of a kind with their specs as `T`. */
export function ofKind<T>(
  resources: readonly Resource[],
  ...kinds: string[]
): { readonly name: string; readonly labels: Labels; readonly spec: T }[] {
  return resources
    .filter(({ kind }) => kinds.includes(kind))
    .map(({ metadata, spec }) => ({ name: metadata.name, labels: metadata.labels ?? {}, spec: spec as T }));
}

export function matches(selector: Selector, labels: Labels): boolean {
  const wanted = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
  return wanted && (selector.matchExpressions ?? []).every((expression) => holds(expression, labels));
}

function holds(
  { key, operator, values = [] }: NonNullable<Selector['matchExpressions']>[number],
  labels: Labels,
): boolean {
  const value = labels[key];
  if (operator === 'In') return value !== undefined && values.includes(value);
  if (operator === 'Exists') return value !== undefined;
  throw new Error(`${operator} is not known here`);
}

/** The number of a port that is given by number or by name. */
export function portNumber(port: string | number, containers: readonly Container[]): number | undefined {
  const ports = containers.flatMap((container) => container.ports ?? []);
  return ports.find((each) => each.name === port || each.containerPort === port)?.containerPort;
}
