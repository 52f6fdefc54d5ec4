import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { root } from '../../support/root.js';
import { kustomize } from './kustomize.js';
import type { Resource } from './resources.js';

const K8S = join(root, 'deploy/k8s');

/**
 * All that can be built: the overlays, and the base with each component, because components cannot be built by
 * themselves. By a name that says what it is.
 */
export const RENDERINGS = {
  'overlay dev': () => renderFolder('overlays/dev'),
  'overlay prod': () => renderFolder('overlays/prod'),
  'the base alone': () => renderFolder('base'),
  'the base with ingress-nginx and autoscaling': () => renderWith('ingress-nginx', 'autoscaling'),
  'the base with gateway-api, monitoring and autoscaling-keda': () =>
    renderWith('gateway-api', 'monitoring', 'autoscaling-keda'),
} as const satisfies Record<string, () => Promise<Resource[]>>;

/** Every component has to be in some rendering. */
export const COMPONENTS_RENDERED = [
  'ingress-nginx',
  'autoscaling',
  'gateway-api',
  'monitoring',
  'autoscaling-keda',
];

/** A folder of `deploy/k8s`. */
async function renderFolder(folder: string): Promise<Resource[]> {
  return parseResources(await kustomize(join(K8S, folder)));
}

async function renderWith(...components: string[]): Promise<Resource[]> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'chorus-k8s-')));
  // Only relative paths are accepted.
  const path = async (name: string) => relative(folder, join(await realpath(K8S), name));
  try {
    await mkdir(folder, { recursive: true });
    const kustomization = {
      apiVersion: 'kustomize.config.k8s.io/v1beta1',
      kind: 'Kustomization',
      namespace: 'chorus',
      resources: [await path('base')],
      components: await Promise.all(components.map((name) => path(`components/${name}`))),
    };
    await writeFile(join(folder, 'kustomization.yaml'), JSON.stringify(kustomization));
    return parseResources(await kustomize(folder));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The objects of a text with several YAML documents. @throws what is wrong with one */
export function parseResources(text: string): Resource[] {
  return parseAllDocuments(text).flatMap((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw error;
    // A template that makes nothing leaves an empty document.
    const resource = document.toJS() as Resource | null;
    return resource === null ? [] : [resource];
  });
}
