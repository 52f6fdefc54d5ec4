import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { root } from '../../support/root.js';
import type { Resource } from './resources.js';

interface Schema {
  readonly kinds: Readonly<Record<string, object>>;
  readonly definitions: object;
}

/**
 * Which objects Kubernetes would refuse, and why: by `schema.json`, where a field that is not known is an error.
 * What it cannot say (which values fit together) only an API server knows.
 */
export async function loadValidator(): Promise<(resources: readonly Resource[]) => string[]> {
  const schema = JSON.parse(await readFile(join(root, 'test/deploy/k8s/schema.json'), 'utf8')) as Schema;
  const ajv = new Ajv({ allErrors: true, allowUnionTypes: true });
  const { definitions } = schema;
  const kinds = new Map(
    Object.entries(schema.kinds).map(([kind, own]) => [kind, ajv.compile({ definitions, allOf: [own] })]),
  );
  return (resources) =>
    resources.flatMap((resource) => {
      const { apiVersion, kind, metadata } = resource;
      const accepts = kinds.get(`${apiVersion} ${kind}`);
      if (accepts === undefined) return [`${apiVersion} ${kind} is not in schema.json`];
      if (accepts(resource)) return [];
      return (accepts.errors ?? []).map((error) => {
        const field = String(error.params.additionalProperty ?? '');
        return `${kind} ${metadata.name}${error.instancePath}: ${error.message} ${field}`.trim();
      });
    });
}
