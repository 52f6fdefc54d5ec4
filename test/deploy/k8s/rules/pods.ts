import { allContainers, type Container, type Resource, type Workload, workloads } from '../resources.js';

/** Every pod is asked how it is, has what it needs and no more, and may do nothing that it does not need. */
export function podRules(resources: readonly Resource[]): string[] {
  return workloads(resources).flatMap((workload) => [
    ...podProblems(workload).map((problem) => `${workload.name}: ${problem}`),
    ...allContainers(workload).flatMap((container) =>
      containerProblems(container).map(
        (problem) => `${workload.name}, container ${container.name}: ${problem}`,
      ),
    ),
    ...(workload.kind === 'Job'
      ? []
      : workload.pod.containers.flatMap((each) => probeProblems(workload, each))),
  ]);
}

function podProblems({ pod }: Workload): string[] {
  const security = pod.securityContext;
  return problems({
    'may run as root': security?.runAsNonRoot === true && (security.runAsUser ?? 0) > 0,
    'has no seccomp profile': security?.seccompProfile?.type === 'RuntimeDefault',
    'gets a token of Kubernetes': pod.automountServiceAccountToken === false,
    'gets variables of other Services': pod.enableServiceLinks === false,
    'changes the owner of every file at each start':
      security?.fsGroup === undefined || security.fsGroupChangePolicy === 'OnRootMismatch',
  });
}

function containerProblems({ image, resources, securityContext }: Container): string[] {
  const tag = /:([^:/]+)$/.exec(image)?.[1];
  return problems({
    'has no version of its image': tag !== undefined && tag !== 'latest',
    'requests no processor time': resources?.requests?.cpu !== undefined,
    'requests no memory': resources?.requests?.memory !== undefined,
    'has no limit of memory': resources?.limits?.memory !== undefined,
    'may gain privileges': securityContext?.allowPrivilegeEscalation === false,
    'may write to its root file system': securityContext?.readOnlyRootFilesystem === true,
    'has capabilities':
      securityContext?.capabilities?.drop?.includes('ALL') === true &&
      securityContext.capabilities.add === undefined,
  });
}

/** Longer than an answer of /readyz may take while PostgreSQL or Redis hangs, in seconds: otherwise every pod would be taken away. */
const READY_ANSWER_SECONDS = 7;

function probeProblems({ name, labels }: Workload, container: Container): string[] {
  const { startupProbe, readinessProbe, livenessProbe } = container;
  const ours = labels['app.kubernetes.io/name'] === 'chorus';
  return problems({
    'has no startup probe': startupProbe !== undefined,
    'has no readiness probe': readinessProbe !== undefined,
    'has no liveness probe': livenessProbe !== undefined,
    'its liveness depends on others': !ours || livenessProbe?.httpGet?.path === '/livez',
    'its readiness is not that of the service': !ours || readinessProbe?.httpGet?.path === '/readyz',
    'a probe has the default timeout of 1 s': [startupProbe, readinessProbe, livenessProbe].every(
      (probe) => probe === undefined || (probe.timeoutSeconds ?? 1) > 1,
    ),
    'its readiness is not waited for': !ours || (readinessProbe?.timeoutSeconds ?? 1) >= READY_ANSWER_SECONDS,
  }).map((problem) => `${name}, container ${container.name}: ${problem}`);
}

/** What does not hold. */
function problems(claims: Readonly<Record<string, boolean>>): string[] {
  return Object.entries(claims).flatMap(([problem, fine]) => (fine ? [] : [problem]));
}
