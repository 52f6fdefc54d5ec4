import {
  allContainers,
  type Labels,
  matches,
  ofKind,
  type Probe,
  portNumber,
  type Resource,
  type Selector,
  type Workload,
  workloads,
} from '../resources.js';

interface ServiceSpec {
  readonly selector: Labels;
  readonly ports: readonly {
    readonly name: string;
    readonly port: number;
    readonly targetPort: string | number;
  }[];
}
interface HttpPaths {
  readonly http: {
    readonly paths: readonly {
      readonly backend: { readonly service: { name: string; port: { name: string } } };
    }[];
  };
}
interface RouteRule {
  readonly backendRefs: readonly { readonly name: string; readonly port: number }[];
}

/** Whatever names something else names something that is there. */
export function referenceRules(resources: readonly Resource[]): string[] {
  return [
    ...workloads(resources).flatMap((workload) => workloadProblems(workload, resources)),
    ...serviceProblems(resources),
    ...routeProblems(resources),
    ...monitorProblems(resources),
    ...budgetProblems(resources),
    ...scalerProblems(resources),
  ];
}

function workloadProblems(workload: Workload, resources: readonly Resource[]): string[] {
  const { name, kind, spec, labels, pod } = workload;
  const problems: string[] = [];
  if (kind !== 'Job' && !matches(spec.selector ?? {}, labels))
    problems.push('its selector does not select its pods');
  for (const { labelSelector } of pod.topologySpreadConstraints ?? []) {
    if (!matches(labelSelector ?? {}, labels)) problems.push('is spread by labels that it does not have');
  }
  const account = ofKind(resources, 'ServiceAccount').find((each) => each.name === pod.serviceAccountName);
  if (pod.serviceAccountName !== undefined && account === undefined)
    problems.push('there is no such service account');
  for (const container of allContainers(workload)) {
    const probes = [container.startupProbe, container.readinessProbe, container.livenessProbe];
    for (const port of probes.flatMap(portOf)) {
      if (portNumber(port, [container]) === undefined)
        problems.push(`asks a port ${port} that it does not have`);
    }
    const claims = (spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata);
    for (const mount of container.volumeMounts ?? []) {
      const volumes = [...(pod.volumes ?? []), ...claims];
      if (!volumes.some((volume) => volume.name === mount.name)) {
        problems.push(`mounts ${mount.name}, which is no volume of it`);
      }
    }
  }
  return problems.map((problem) => `${name}: ${problem}`);
}

function portOf(probe: Probe | undefined): (string | number)[] {
  const port = probe?.httpGet?.port ?? probe?.tcpSocket?.port;
  return port === undefined ? [] : [port];
}

function selected(selector: Selector, resources: readonly Resource[]): Workload[] {
  return workloads(resources).filter(({ labels }) => matches(selector, labels));
}

function serviceProblems(resources: readonly Resource[]): string[] {
  return ofKind<ServiceSpec>(resources, 'Service').flatMap(({ name, spec }) => {
    const behind = selected({ matchLabels: spec.selector }, resources);
    if (behind.length !== 1) return [`Service ${name}: selects the pods of ${behind.length} workloads`];
    return spec.ports
      .filter((port) => behind.some(({ pod }) => portNumber(port.targetPort, pod.containers) === undefined))
      .map((port) => `Service ${name}: its pods have no port ${port.targetPort}`);
  });
}

function routeProblems(resources: readonly Resource[]): string[] {
  const services = ofKind<ServiceSpec>(resources, 'Service');
  const has = (name: string, port: string | number): boolean =>
    services.some(
      (service) =>
        service.name === name && service.spec.ports.some((each) => [each.name, each.port].includes(port)),
    );
  const ingresses = ofKind<{ rules: readonly HttpPaths[] }>(resources, 'Ingress').flatMap(({ name, spec }) =>
    spec.rules
      .flatMap(({ http }) => http.paths)
      .map(({ backend: { service } }) => ({
        name,
        service: service.name,
        port: service.port.name as string | number,
      })),
  );
  const routes = ofKind<{ rules: readonly RouteRule[] }>(resources, 'HTTPRoute').flatMap(({ name, spec }) =>
    spec.rules
      .flatMap(({ backendRefs }) => backendRefs)
      .map((backend) => ({ name, service: backend.name, port: backend.port as string | number })),
  );
  return [...ingresses, ...routes]
    .filter(({ service, port }) => !has(service, port))
    .map(({ name, service, port }) => `route ${name}: there is no Service ${service} with a port ${port}`);
}

function monitorProblems(resources: readonly Resource[]): string[] {
  const services = ofKind<ServiceSpec>(resources, 'Service');
  const monitors = ofKind<{ selector: Selector; endpoints: readonly { port: string }[] }>(
    resources,
    'ServiceMonitor',
  );
  return monitors.flatMap(({ name, spec }) => {
    const asked = services.filter(({ labels }) => matches(spec.selector, labels));
    const without = asked.filter(
      (service) => !spec.endpoints.every(({ port }) => service.spec.ports.some((each) => each.name === port)),
    );
    const ours = services.filter((service) => service.spec.ports.some((port) => port.name === 'operator'));
    return [
      ...without.map((service) => `ServiceMonitor ${name}: Service ${service.name} has no such port`),
      ...ours
        .filter((service) => !asked.includes(service))
        .map((service) => `ServiceMonitor ${name}: does not ask Service ${service.name}`),
    ];
  });
}

function budgetProblems(resources: readonly Resource[]): string[] {
  const budgets = ofKind<{ selector: Selector }>(resources, 'PodDisruptionBudget');
  const deployments = workloads(resources).filter(({ kind }) => kind === 'Deployment');
  const covered = budgets.map(({ name, spec }) => ({ name, pods: selected(spec.selector, resources) }));
  return [
    ...covered
      .filter(({ pods }) => pods.length !== 1 || pods[0]?.kind !== 'Deployment')
      .map(({ name, pods }) => `PodDisruptionBudget ${name}: is about ${pods.map((each) => each.name)}`),
    ...deployments
      .filter((deployment) => !covered.some(({ pods }) => pods.some(({ name }) => name === deployment.name)))
      .map(({ name }) => `${name}: has no PodDisruptionBudget`),
  ];
}

function scalerProblems(resources: readonly Resource[]): string[] {
  const scalers = ofKind<{ scaleTargetRef: { name: string } }>(
    resources,
    'HorizontalPodAutoscaler',
    'ScaledObject',
  );
  return scalers.flatMap(({ name, spec }) => {
    const target = workloads(resources).find((each) => each.name === spec.scaleTargetRef.name);
    if (target === undefined)
      return [`autoscaler ${name}: there is nothing called ${spec.scaleTargetRef.name}`];
    // Applying the manifests again would undo what the autoscaler did.
    return target.spec.replicas === undefined
      ? []
      : [`${target.name}: has both an autoscaler and a number of replicas`];
  });
}
