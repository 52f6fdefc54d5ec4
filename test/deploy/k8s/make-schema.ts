/**
 * Regenerates `schema.json`: what an API server of Kubernetes would accept, of the kinds that `deploy/k8s` and the Helm chart use.
 *
 *   npx tsx test/deploy/k8s/make-schema.ts "<what and which versions>" <swagger.json> <custom resource definition>...
 *
 * The second is `api/openapi-spec/swagger.json` of Kubernetes, of the oldest version that is to be supported, so that nothing newer
 * gets into the manifests by mistake. The others are those of the Gateway API, the Prometheus operator and KEDA.
 * Kept are names and types; a field that is not there is refused.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { root } from '../../support/root.js';

type Node = { [key: string]: unknown };

const KINDS = [
  'core.v1.Namespace',
  'core.v1.ConfigMap',
  'core.v1.Service',
  'core.v1.ServiceAccount',
  'core.v1.Secret',
  'core.v1.Pod',
  'apps.v1.Deployment',
  'apps.v1.StatefulSet',
  'batch.v1.Job',
  'autoscaling.v2.HorizontalPodAutoscaler',
  'networking.v1.Ingress',
  'networking.v1.NetworkPolicy',
  'policy.v1.PodDisruptionBudget',
];

/** What the manifests never need, and is large: such a field would be refused. */
const LEFT_OUT: { readonly [definition: string]: readonly string[] } = {
  ObjectMeta: ['managedFields', 'ownerReferences', 'finalizers', 'creationTimestamp', 'deletionTimestamp'],
  PodSpec: ['ephemeralContainers', 'dnsConfig', 'overhead', 'resourceClaims', 'schedulingGates'],
  PodSecurityContext: ['windowsOptions', 'seLinuxOptions'],
  SecurityContext: ['windowsOptions', 'seLinuxOptions'],
  PersistentVolumeClaim: ['status'],
};
const VOLUMES = ['name', 'configMap', 'emptyDir', 'persistentVolumeClaim', 'secret'];
const OBJECT_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';
const KEPT = [
  'type',
  'required',
  'enum',
  'items',
  'properties',
  'additionalProperties',
  'minimum',
  'maximum',
];

const [source, swaggerFile, ...crdFiles] = process.argv.slice(2);
if (swaggerFile === undefined) throw new Error('usage: make-schema.ts <source> <swagger.json> <crd.yaml>...');
const swagger = JSON.parse(await readFile(swaggerFile, 'utf8')) as {
  definitions: Record<string, Node>;
};
const definitions: Record<string, Node> = {};
const kinds: Record<string, Node> = {};

for (const kind of KINDS) {
  const name = `io.k8s.api.${kind}`;
  const names = swagger.definitions[name]?.['x-kubernetes-group-version-kind'] as
    | { [key: string]: string }[]
    | undefined;
  const called = names?.[0];
  if (called === undefined) throw new Error(`${name} is not a kind`);
  const apiVersion = called.group === '' ? called.version : `${called.group}/${called.version}`;
  kinds[`${apiVersion} ${called.kind}`] = topLevel(reference(name));
}
for (const file of crdFiles) {
  const crd = parse(await readFile(file, 'utf8')) as {
    spec: {
      group: string;
      names: { kind: string };
      versions: { name: string; storage: boolean; schema: Node }[];
    };
  };
  const version = crd.spec.versions.find((each) => each.storage);
  if (version === undefined) throw new Error(`${file}: no version`);
  const schema = reduce(version.schema.openAPIV3Schema as Node, '');
  const properties = { ...(schema.properties as Node), metadata: reference(OBJECT_META) };
  kinds[`${crd.spec.group}/${version.name} ${crd.spec.names.kind}`] = topLevel({ ...schema, properties });
}

// A line each, so that a change can be seen.
const lines = (nodes: Record<string, Node>): string =>
  Object.entries(nodes)
    .map(([name, schema]) => `${JSON.stringify(name)}: ${JSON.stringify(schema)}`)
    .join(',\n');
await writeFile(
  join(root, 'test/deploy/k8s/schema.json'),
  `{"$comment": ${JSON.stringify(`Made by make-schema.ts from ${source}`)},
"kinds": {\n${lines(kinds)}},
"definitions": {\n${lines(definitions)}}}\n`,
);

/** Manifests have no status. */
function topLevel(schema: Node): Node {
  const target =
    typeof schema.$ref === 'string' ? definitions[schema.$ref.replace('#/definitions/', '')] : schema;
  delete (target?.properties as Node | undefined)?.status;
  return schema;
}

function reference(name: string): Node {
  const short = name.split('.').slice(-2).join('.');
  if (definitions[short] === undefined) {
    definitions[short] = {};
    const schema = swagger.definitions[name];
    if (schema === undefined) throw new Error(`${name} is not defined`);
    Object.assign(definitions[short], reduce(schema, name.split('.').at(-1) ?? ''));
  }
  return { $ref: `#/definitions/${short}` };
}

function reduce(schema: Node, name: string): Node {
  if (typeof schema.$ref === 'string') return reference(schema.$ref.replace('#/definitions/', ''));
  if (schema['x-kubernetes-int-or-string'] || schema.format === 'int-or-string')
    return { type: ['integer', 'string'] };
  if (name === 'Quantity') return { type: ['number', 'string'] };
  const kept: Node = Object.fromEntries(Object.entries(schema).filter(([key]) => KEPT.includes(key)));
  if (kept.items !== undefined) kept.items = reduce(kept.items as Node, '');
  if (typeof kept.additionalProperties === 'object') {
    kept.additionalProperties = reduce(kept.additionalProperties as Node, '');
  }
  if (kept.properties !== undefined) {
    const wanted = Object.entries(kept.properties as Record<string, Node>).filter(([key]) =>
      name === 'Volume' ? VOLUMES.includes(key) : !LEFT_OUT[name]?.includes(key),
    );
    kept.properties = Object.fromEntries(wanted.map(([key, value]) => [key, reduce(value, '')]));
    if (kept.additionalProperties === undefined && !schema['x-kubernetes-preserve-unknown-fields']) {
      kept.additionalProperties = false;
    }
  }
  return kept;
}
