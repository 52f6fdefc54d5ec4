import { join } from 'node:path';
import { root } from '../../support/root.js';
import { SERVICES, type Service, settingNames, settingSchema } from './chart-settings.js';

type Schema = Readonly<Record<string, unknown>>;

export const CHART = join(root, 'deploy/helm/chorus');
/** Where {@link valuesSchemaText} belongs. Helm checks values by it. */
export const VALUES_SCHEMA = join(CHART, 'values.schema.json');
/** Where {@link chartSettingsText} belongs. */
export const CHART_SETTINGS = join(CHART, 'files/settings.yaml');

const text: Schema = { type: 'string' };
const required: Schema = { type: 'string', minLength: 1 };
const flag: Schema = { type: 'boolean' };
const texts: Schema = { type: 'array', items: required };
const map: Schema = { type: 'object', additionalProperties: text };
/** Parts of Kubernetes' own objects, which Kubernetes checks. */
const object: Schema = { type: 'object' };
const objects: Schema = { type: 'array', items: object };
const count = (minimum: number): Schema => ({ type: 'integer', minimum });
const port: Schema = { type: 'integer', minimum: 1, maximum: 65_535 };
const cidrs: Schema = {
  type: 'array',
  minItems: 1,
  items: { type: 'string', pattern: '^[0-9a-fA-F.:]+/[0-9]{1,3}$' },
};
const quantity: Schema = { type: 'string', pattern: '^[0-9.]+([mkMGTPE]|[KMGTPE]i)?$' };
const duration: Schema = { type: 'string', pattern: '^([0-9]+(ms|s|m|h))+$' };
const httpUrl: Schema = { type: 'string', pattern: '^https?://' };
const variableNames: Schema = { pattern: '^[A-Z][A-Z0-9_]*$' };

/** An object that has nothing besides these properties. */
const only = (properties: Schema): Schema => ({ type: 'object', additionalProperties: false, properties });

const source = { configMap: text, secret: text, key: required };
const resources = only({
  requests: { type: 'object', additionalProperties: { type: ['string', 'number'] } },
  limits: { type: 'object', additionalProperties: { type: ['string', 'number'] } },
});
const env: Schema = {
  type: 'array',
  items: { type: 'object', required: ['name'], properties: { name: required, value: text } },
};
const pods = {
  annotations: map,
  labels: map,
  nodeSelector: map,
  tolerations: objects,
  affinity: object,
  priorityClassName: text,
};
const peer = only({ namespace: required, podLabels: map });
const server = (bundled: Schema): Schema =>
  only({
    tls: only({ ca: only(source), clientCertificate: text }),
    addresses: cidrs,
    ports: { type: 'array', minItems: 1, items: port },
    bundled: only({
      enabled: flag,
      image: required,
      storage: quantity,
      storageClass: text,
      resources,
      ...bundled,
    }),
  });

function program(service: Service): Schema {
  return only({
    replicas: count(0),
    image: text,
    config: only(settings([service])),
    env,
    envFrom: objects,
    volumes: objects,
    volumeMounts: objects,
    terminationGracePeriodSeconds: count(1),
    resources,
    serviceAccount: only({ annotations: map }),
    ...pods,
  });
}

function settings(services: readonly Service[]): Schema {
  const all = services.flatMap((service) =>
    settingNames(service).map((name) => [name, settingSchema(service, name)] as const),
  );
  return Object.fromEntries([...all].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function valuesSchema(): Schema {
  const scaled = { minReplicas: count(1), maxReplicas: count(1), cpu: quantity };
  const schema = only({
    fullnameOverride: { type: 'string', pattern: '^([a-z]([a-z0-9-]*[a-z0-9])?)?$' },
    // Of the chart's parents, if it is a dependency.
    global: object,
    image: only({
      registry: text,
      tag: text,
      pullPolicy: { enum: ['', 'Always', 'IfNotPresent', 'Never'] },
      pullSecrets: texts,
    }),
    config: only(settings(SERVICES)),
    secrets: only({
      existing: text,
      create: flag,
      values: { type: 'object', propertyNames: variableNames, additionalProperties: text },
      refs: {
        type: 'object',
        propertyNames: variableNames,
        additionalProperties: { ...only({ name: required, key: required }), required: ['name'] },
      },
    }),
    trustedCa: only(source),
    postgresql: server({}),
    redis: server({ maxmemory: required }),
    pods: only(pods),
    ...Object.fromEntries(SERVICES.map((service) => [service, program(service)])),
    migrate: only({
      enabled: flag,
      image: text,
      env,
      resources,
      serviceAccount: only({ annotations: map }),
      ...pods,
    }),
    autoscaling: only({
      kind: { enum: ['none', 'hpa', 'keda'] },
      gateway: only({ ...scaled, connections: count(1) }),
      api: only(scaled),
      keda: only({ prometheus: httpUrl, fallbackReplicas: count(1) }),
    }),
    disruptionBudgets: only({
      enabled: flag,
      maxUnavailable: { type: ['integer', 'string'], pattern: '^[0-9]+%$', minimum: 1 },
    }),
    ingress: only({
      enabled: flag,
      className: text,
      host: { type: 'string', pattern: '^[a-z0-9.*-]*$' },
      tlsSecret: text,
      gatewayAnnotations: map,
      apiAnnotations: map,
      controller: peer,
    }),
    gatewayApi: only({
      enabled: flag,
      parentRefs: objects,
      hostnames: { type: 'array', items: { type: 'string', pattern: '^[a-z0-9.*-]+$' } },
      controller: peer,
    }),
    networkPolicy: only({
      enabled: flag,
      dns: { ...objects, minItems: 1 },
      egress: only(Object.fromEntries(SERVICES.map((service) => [service, objects]))),
    }),
    monitoring: only({
      serviceMonitor: only({ enabled: flag, labels: map, interval: duration, scrapeTimeout: duration }),
      rules: only({ enabled: flag, labels: map, runbook: httpUrl }),
      dashboards: only({ enabled: flag, labels: map, annotations: map }),
      prometheus: peer,
    }),
  });
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $comment:
      'Written by `pnpm docs` from test/deploy/helm/values-schema.ts and the settings of the programs.',
    ...schema,
  };
}

/** What `values.schema.json` of the chart has to be. */
export function valuesSchemaText(): string {
  return `${JSON.stringify(valuesSchema(), null, 1)}\n`;
}
