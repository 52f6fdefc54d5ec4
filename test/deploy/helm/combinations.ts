import type { Values } from './helm.js';

const everyService = (values: Values): Values =>
  Object.fromEntries(['api', 'gateway', 'archiver', 'dispatcher'].map((service) => [service, values]));

/** Values with which the chart is rendered and checked, by what they are for. */
export const COMBINATIONS: Readonly<Record<string, Values>> = {
  nothing: {},
  'images of a registry': {
    image: {
      registry: 'registry.example.com:5000/team/',
      tag: '0.2.0',
      pullPolicy: 'Always',
      pullSecrets: ['a', 'b'],
    },
    gateway: { image: 'registry.example.com/chorus-gateway:0.2.1' },
  },
  'large and small numbers, and lists': {
    config: {
      ARCHIVE_BACKLOG_BYTES: 1_099_511_627_776,
      OTEL_TRACES_SAMPLER_ARG: 0.05,
      MAX_CONNECTIONS: 1_000_000,
      ALLOWED_ORIGINS: 'https://a.example.com,https://b.example.com',
      HSTS_INCLUDE_SUBDOMAINS: true,
      REBALANCE: 'auto',
    },
  },
  'settings of single programs': {
    config: { RETENTION_DAYS: 30, LOG_LEVEL: 'warn' },
    api: { config: { LOG_LEVEL: 'debug', COOKIE_SECURE: false } },
    archiver: { config: { DATABASE_POOL_SIZE: 3 } },
  },
  'replicas left to the operator': { api: { replicas: null }, gateway: { replicas: null } },
  'more replicas': { api: { replicas: 4 }, archiver: { replicas: 3 }, dispatcher: { replicas: 1 } },
  'an autoscaler': { autoscaling: { kind: 'hpa', gateway: { maxReplicas: 100, connections: 10_000 } } },
  'KEDA with monitoring': {
    autoscaling: { kind: 'keda', keda: { prometheus: 'https://prometheus.example.com' } },
    monitoring: { serviceMonitor: { enabled: true, labels: { release: 'prometheus' } } },
  },
  'an Ingress of another controller': {
    ingress: {
      enabled: true,
      className: 'haproxy',
      host: 'chat.example.com',
      tlsSecret: 'tls',
      gatewayAnnotations: { 'haproxy.org/timeout-tunnel': '1h' },
      controller: { namespace: 'haproxy', podLabels: {} },
    },
  },
  'a Gateway': {
    gatewayApi: {
      enabled: true,
      parentRefs: [{ name: 'public', namespace: 'gateways', sectionName: 'https' }],
      hostnames: ['chat.example.com', '*.example.org'],
    },
  },
  'an Ingress and a Gateway, to move from one to the other': {
    ingress: { enabled: true, host: 'chat.example.com' },
    gatewayApi: { enabled: true, hostnames: ['chat.example.com'] },
  },
  'a trial with bundled servers': {
    secrets: { create: true },
    postgresql: { bundled: { enabled: true, storageClass: 'fast', storage: '1Gi' } },
    redis: { bundled: { enabled: true, maxmemory: '256mb' } },
  },
  'a bundled Redis, and PostgreSQL elsewhere': {
    secrets: { create: true, values: { DATABASE_URL: 'postgresql://chorus:secret@db.internal:5432/chorus' } },
    redis: { bundled: { enabled: true } },
  },
  'extra environment': everyService({
    env: [{ name: 'LOG_LEVEL', value: 'debug' }],
    envFrom: [],
  }),
  'places for pods': {
    pods: {
      annotations: { 'cluster-autoscaler.kubernetes.io/safe-to-evict': 'true' },
      labels: { team: 'chat' },
      nodeSelector: { 'kubernetes.io/arch': 'amd64' },
      tolerations: [{ key: 'chat', operator: 'Exists' }],
      priorityClassName: 'high',
    },
    gateway: {
      nodeSelector: { pool: 'gateways' },
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            {
              topologyKey: 'kubernetes.io/hostname',
              labelSelector: { matchLabels: { 'app.kubernetes.io/component': 'gateway' } },
            },
          ],
        },
      },
      serviceAccount: { annotations: { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::1:role/chat' } },
    },
  },
  'a volume of a program': {
    gateway: {
      volumes: [{ name: 'profiles', emptyDir: { sizeLimit: '1Gi' } }],
      volumeMounts: [{ name: 'profiles', mountPath: '/profiles' }],
    },
  },
  'a migration by the operator': { migrate: { enabled: false } },
  'more ways out': {
    networkPolicy: {
      dns: [{ namespaceSelector: {}, podSelector: { matchLabels: { 'k8s-app': 'coredns' } } }],
      egress: {
        gateway: [{ to: [{ ipBlock: { cidr: '10.1.2.3/32' } }], ports: [{ port: 443 }] }],
        api: [{ to: [{ ipBlock: { cidr: '10.1.2.3/32' } }], ports: [{ port: 443 }] }],
      },
    },
  },
  'servers with IPv6': { postgresql: { addresses: ['fd00::/8'] }, redis: { addresses: ['fd00::1/128'] } },
  'disruption budgets in percent': { disruptionBudgets: { maxUnavailable: '20%' } },
  'all monitoring': {
    monitoring: {
      serviceMonitor: { enabled: true, interval: '30s', scrapeTimeout: '5s' },
      rules: { enabled: true, labels: { role: 'alerts' }, runbook: 'https://wiki.example.com/runbook' },
      dashboards: { enabled: true, annotations: { grafana_folder: 'Chorus' } },
      prometheus: { namespace: 'observability', podLabels: {} },
    },
  },
  'slow drains': {
    config: { DRAIN_MS: 600_000 },
    gateway: { terminationGracePeriodSeconds: 940 },
  },
};

/** Values that are refused, and the line that says so. */
export const REFUSED: readonly (readonly [Values, RegExp])[] = [
  [{ gatway: {} }, /additional properties 'gatway' not allowed/],
  [{ gateway: { replica: 3 } }, /at '\/gateway': additional properties 'replica' not allowed/],
  [{ gateway: { replicas: 'three' } }, /at '\/gateway\/replicas': got string, want integer/],
  [{ config: { MAX_CONECTIONS: 1 } }, /at '\/config': additional properties 'MAX_CONECTIONS' not allowed/],
  [{ config: { MAX_CONNECTIONS: 0 } }, /at '\/config\/MAX_CONNECTIONS': minimum: got 0, want 1/],
  // What YAML makes of `off` without quotes.
  [{ config: { REBALANCE: false } }, /at '\/config\/REBALANCE': value must be one of 'off', 'auto'/],
  [{ config: { JWT_SECRET: 'x' } }, /at '\/config': additional properties 'JWT_SECRET' not allowed/],
  [{ api: { config: { DRAIN_MS: 1 } } }, /at '\/api\/config': additional properties 'DRAIN_MS' not allowed/],
  [{ image: { pullPolicy: 'Sometimes' } }, /at '\/image\/pullPolicy': value must be one of/],
  [{ image: { tag: 'latest' } }, /image\.tag is latest/],
  [
    { redis: { addresses: ['10.0.0.1'] } },
    /at '\/redis\/addresses\/0': '10\.0\.0\.1' does not match pattern/,
  ],
  [{ postgresql: { bundled: { storage: 'much' } } }, /at '\/postgresql\/bundled\/storage': 'much' does not/],
  [{ autoscaling: { kind: 'vpa' } }, /at '\/autoscaling\/kind': value must be one of 'none', 'hpa', 'keda'/],
  [
    { autoscaling: { kind: 'hpa', api: { minReplicas: 20 } } },
    /autoscaling\.api: minReplicas \(20\) is above maxReplicas \(10\)/,
  ],
  [
    { autoscaling: { kind: 'hpa', gateway: { connections: 15_001 } } },
    /autoscaling\.gateway\.connections is 15001: it must be at most half of MAX_CONNECTIONS \(30000\)/,
  ],
  [
    { autoscaling: { kind: 'keda' }, gateway: { config: { MAX_CONNECTIONS: 20_000 } } },
    /at most half of MAX_CONNECTIONS \(20000\)/,
  ],
  [
    { config: { DRAIN_MS: 120_000 } },
    /gateway\.terminationGracePeriodSeconds is 390: it must be above 435, for DRAIN_DELAY_MS, DRAIN_HOLD_MS, DRAIN_MS and 5 s/,
  ],
  // By the defaults of the program.
  [
    {
      config: { DRAIN_DELAY_MS: null, DRAIN_HOLD_MS: null, DRAIN_MS: null },
      gateway: { terminationGracePeriodSeconds: 330 },
    },
    /gateway\.terminationGracePeriodSeconds is 330: it must be above 330/,
  ],
  [
    { api: { terminationGracePeriodSeconds: 25 } },
    /api\.terminationGracePeriodSeconds is 25: it must be above 25/,
  ],
  [{ ingress: { enabled: true } }, /ingress\.host is missing/],
  [{ ingress: { enabled: true, host: 'https://x' } }, /at '\/ingress\/host': 'https:\/\/x' does not match/],
  [{ gatewayApi: { enabled: true } }, /gatewayApi\.hostnames is empty/],
  [
    { gatewayApi: { enabled: true, hostnames: ['a.example'], parentRefs: [] } },
    /gatewayApi\.parentRefs is empty/,
  ],
  [{ secrets: { create: true } }, /secrets\.values\.DATABASE_URL is missing: .* enable postgresql\.bundled/],
  [
    { secrets: { create: true }, postgresql: { bundled: { enabled: true } } },
    /secrets\.values\.REDIS_URL is missing/,
  ],
  [{ secrets: { create: true, existing: 'mine' } }, /secrets\.create and secrets\.existing exclude/],
  [{ secrets: { values: { JWT_SECRET: 'x' } } }, /secrets\.values is for secrets\.create only/],
  [
    { secrets: { refs: { DATABASE_URL: { key: 'uri' } } } },
    /at '\/secrets\/refs\/DATABASE_URL': missing property 'name'/,
  ],
  [
    { redis: { tls: { ca: { configMap: 'a', secret: 'b' } } } },
    /redis\.tls\.ca: give a configMap or a secret/,
  ],
  [{ trustedCa: { configMap: 'a', secret: 'b' } }, /trustedCa: give a configMap or a secret, not both/],
  [{ api: { env: [{ name: 'PORT', value: '1' }] } }, /api\.env: PORT is set by the chart/],
  [
    { migrate: { env: [{ name: 'DATABASE_URL', value: 'x' }] } },
    /migrate\.env: DATABASE_URL is set by the chart; secrets\.refs takes it from another Secret/,
  ],
  [
    { monitoring: { rules: { runbook: 'wiki' } } },
    /at '\/monitoring\/rules\/runbook': 'wiki' does not match/,
  ],
];
