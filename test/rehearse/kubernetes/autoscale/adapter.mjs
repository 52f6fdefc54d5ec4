// Serves the sockets and the processor time of gateways as metrics of Kubernetes' API, where a real cluster has prometheus-adapter
// and metrics-server. It reads both from /metrics of the pods, as Prometheus does, and runs in a pod that the policies take for it.
//
//   NAMESPACE, KEY, CERT: environment; API server and token: those of the pod.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';

const { NAMESPACE, KEY, CERT } = process.env;
const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
const CONNECTIONS = 'chorus_gateway_connections';
const CPU = 'process_cpu_seconds_total';
/** Interval between two readings, and time for one, in milliseconds. */
const EVERY_MS = 5_000;
const TIMEOUT_MS = 2_000;

/** Latest readings by the name of the pod. */
let readings = new Map();

async function readAll() {
  const token = readFileSync(`${ACCOUNT}/token`, 'utf8');
  const answer = await fetch(`https://kubernetes.default.svc/api/v1/namespaces/${NAMESPACE}/pods`, {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const { items } = await answer.json();
  const running = items.filter(({ status }) => status.phase === 'Running' && status.podIP);
  const next = await Promise.all(running.map((pod) => readPod(pod).catch(() => undefined)));
  readings = new Map(
    next.filter((reading) => reading !== undefined).map((reading) => [reading.name, reading]),
  );
}

async function readPod({ metadata: { name, labels }, status }) {
  const answer = await fetch(`http://${status.podIP}:9090/metrics`, {
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const text = await answer.text();
  const at = performance.now();
  const cpu = sum(text, CPU);
  const before = readings.get(name);
  const cores = before === undefined ? undefined : (cpu - before.cpu) / ((at - before.at) / 1_000);
  return {
    name,
    labels,
    at,
    cpu,
    cores,
    connections: sum(text, CONNECTIONS),
    time: new Date().toISOString(),
  };
}

/** Returns the sum of all series of a metric. */
function sum(text, metric) {
  const series = text.matchAll(new RegExp(`^${metric}(?:\\{[^}]*\\})? (\\S+)`, 'gm'));
  return [...series].reduce((total, [, value]) => total + Number(value), 0);
}

function selected(selector) {
  const wanted = (selector ?? '').split(',').map((pair) => pair.split('='));
  return [...readings.values()].filter(({ labels }) => wanted.every(([key, value]) => labels[key] === value));
}

function resources(groupVersion, name, kind) {
  const resource = { name, singularName: '', namespaced: true, kind, verbs: ['get', 'list'] };
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources: [resource] };
}

function connectionsOf(selector) {
  const items = selected(selector).map(({ name, connections, time }) => ({
    describedObject: { kind: 'Pod', namespace: NAMESPACE, name, apiVersion: '/v1' },
    metricName: CONNECTIONS,
    timestamp: time,
    value: String(connections),
  }));
  return { kind: 'MetricValueList', apiVersion: 'custom.metrics.k8s.io/v1beta1', metadata: {}, items };
}

function processorsOf(selector) {
  const known = selected(selector).filter(({ cores }) => cores !== undefined);
  const items = known.map(({ name, labels, cores, time }) => ({
    metadata: { name, namespace: NAMESPACE, labels },
    timestamp: time,
    window: `${EVERY_MS / 1_000}s`,
    containers: [{ name: 'gateway', usage: { cpu: `${Math.round(cores * 1e9)}n`, memory: '0' } }],
  }));
  return { kind: 'PodMetricsList', apiVersion: 'metrics.k8s.io/v1beta1', metadata: {}, items };
}

const ROUTES = {
  '/apis/custom.metrics.k8s.io/v1beta1': () =>
    resources('custom.metrics.k8s.io/v1beta1', `pods/${CONNECTIONS}`, 'MetricValueList'),
  '/apis/metrics.k8s.io/v1beta1': () => resources('metrics.k8s.io/v1beta1', 'pods', 'PodMetrics'),
  [`/apis/custom.metrics.k8s.io/v1beta1/namespaces/${NAMESPACE}/pods/*/${CONNECTIONS}`]: connectionsOf,
  [`/apis/metrics.k8s.io/v1beta1/namespaces/${NAMESPACE}/pods`]: processorsOf,
};

setInterval(() => void readAll().catch((error) => console.error(String(error))), EVERY_MS);
createServer({ key: KEY, cert: CERT }, (request, response) => {
  const url = new URL(request.url, 'https://adapter');
  const answer = ROUTES[decodeURIComponent(url.pathname)];
  response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(answer?.(url.searchParams.get('labelSelector') ?? undefined) ?? {}));
}).listen(8443);
