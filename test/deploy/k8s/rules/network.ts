import {
  type Labels,
  matches,
  ofKind,
  portNumber,
  type Resource,
  type Selector,
  type Workload,
  workloads,
} from '../resources.js';

interface Peer {
  readonly podSelector?: Selector;
  readonly namespaceSelector?: Selector;
  readonly ipBlock?: { readonly cidr: string };
}
interface Allowance {
  readonly from?: readonly Peer[];
  readonly to?: readonly Peer[];
  readonly ports?: readonly { readonly port: string | number; readonly protocol?: string }[];
}
export interface PolicySpec {
  readonly podSelector: Selector;
  readonly policyTypes: readonly string[];
  readonly ingress?: readonly Allowance[];
  readonly egress?: readonly Allowance[];
}

/** What is outside of the namespace, and may be talked to. */
const OUTSIDE_PORTS = new Map<string | number, string>([
  [53, 'DNS'],
  [5432, 'PostgreSQL'],
  [6379, 'Redis'],
  [443, 'webhooks'],
  [80, 'webhooks'],
]);

/** Everything is closed except what is named, and what is named is there. */
export function networkRules(resources: readonly Resource[]): string[] {
  const policies = ofKind<PolicySpec>(resources, 'NetworkPolicy');
  const all = workloads(resources);
  const closing = policies.filter(
    ({ spec }) =>
      spec.policyTypes.join() === 'Ingress,Egress' && spec.ingress === undefined && spec.egress === undefined,
  );
  const open = all.filter(({ labels }) => !closing.some(({ spec }) => matches(spec.podSelector, labels)));
  return [
    ...open.map(({ name }) => `${name}: what is not allowed is not denied`),
    ...policies.flatMap(({ name, spec }) => [
      ...policyProblems(spec, all).map((problem) => `NetworkPolicy ${name}: ${problem}`),
    ]),
  ];
}

function policyProblems(spec: PolicySpec, all: readonly Workload[]): string[] {
  const pods = all.filter(({ labels }) => matches(spec.podSelector, labels));
  if (pods.length === 0) return ['is about no pod'];
  const incoming = (spec.ingress ?? []).flatMap(({ from = [], ports = [] }) => [
    ...openProblems(from, ports),
    ...peerProblems(from, all),
    ...missingPorts(pods, ports),
  ]);
  const outgoing = (spec.egress ?? []).flatMap(({ to = [], ports = [] }) => {
    const inside = to.filter(isInside).flatMap((peer) => selectedBy(peer, all));
    const outside = to.some((peer) => !isInside(peer));
    return [
      ...openProblems(to, ports),
      ...peerProblems(to, all),
      ...missingPorts(inside, ports),
      ...(outside ? ports.filter(({ port }) => !OUTSIDE_PORTS.has(port)) : []).map(
        ({ port }) => `nothing outside has port ${port}`,
      ),
    ];
  });
  return [...incoming, ...outgoing];
}

function isInside(peer: Peer): boolean {
  return peer.namespaceSelector === undefined && peer.ipBlock === undefined;
}

function openProblems(peers: readonly Peer[], ports: readonly unknown[]): string[] {
  return [
    ...(peers.length > 0 ? [] : ['is open to everybody']),
    ...(ports.length > 0 ? [] : ['opens every port']),
  ];
}

function peerProblems(peers: readonly Peer[], all: readonly Workload[]): string[] {
  return peers
    .filter((peer) => isInside(peer) && selectedBy(peer, all).length === 0)
    .map(() => 'names pods that are not there');
}

function selectedBy({ podSelector }: Peer, all: readonly Workload[]): Workload[] {
  return all.filter(({ labels }) => matches(podSelector ?? {}, labels));
}

function missingPorts(pods: readonly Workload[], ports: NonNullable<Allowance['ports']>): string[] {
  return pods.flatMap(({ name, pod }) =>
    ports
      .filter(({ port }) => portNumber(port, pod.containers) === undefined)
      .map(({ port }) => `${name} has no port ${port}`),
  );
}

/** Who may open a connection to which port of whom within the namespace, as `from -> to:port`: both sides have to allow it. */
export function connectionsAllowed(resources: readonly Resource[]): string[] {
  const policies = ofKind<PolicySpec>(resources, 'NetworkPolicy').map(({ spec }) => spec);
  const all = workloads(resources);
  const allowed = (
    subject: Labels,
    peer: Labels,
    allowances: (spec: PolicySpec) => readonly Allowance[] | undefined,
  ) =>
    policies
      .filter((spec) => matches(spec.podSelector, subject))
      .flatMap((spec) => allowances(spec) ?? [])
      .filter(({ from, to }) =>
        (from ?? to ?? []).some((each) => isInside(each) && matches(each.podSelector ?? {}, peer)),
      )
      .flatMap(({ ports = [] }) => ports.map(({ port }) => port));
  return all.flatMap((from) =>
    all.flatMap((to) => {
      const numbers = (ports: readonly (string | number)[]) =>
        ports.map((port) => portNumber(port, to.pod.containers));
      const out = numbers(allowed(from.labels, to.labels, ({ egress }) => egress));
      const into = new Set(numbers(allowed(to.labels, from.labels, ({ ingress }) => ingress)));
      return out
        .filter((port) => port !== undefined && into.has(port))
        .map((port) => `${from.name} -> ${to.name}:${port}`);
    }),
  );
}

/** From which namespaces each port may be reached from outside, as `namespace -> to:port`. */
export function waysIn(resources: readonly Resource[]): string[] {
  const policies = ofKind<PolicySpec>(resources, 'NetworkPolicy').map(({ spec }) => spec);
  return workloads(resources).flatMap(({ name, labels, pod }) =>
    policies
      .filter((spec) => matches(spec.podSelector, labels))
      .flatMap((spec) => spec.ingress ?? [])
      .flatMap(({ from = [], ports = [] }) =>
        from
          .filter((peer) => !isInside(peer))
          .flatMap((peer) =>
            ports.map(({ port }) => {
              const namespace = peer.namespaceSelector?.matchLabels?.['kubernetes.io/metadata.name'];
              return `${namespace ?? peer.ipBlock?.cidr} -> ${name}:${portNumber(port, pod.containers)}`;
            }),
          ),
      ),
  );
}
