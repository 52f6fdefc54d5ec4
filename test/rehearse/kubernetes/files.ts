import { homedir } from 'node:os';
import { join } from 'node:path';
import { root } from '../../support/root.js';

const SOURCES = join(root, 'test/rehearse/kubernetes');

/** Go module of Kubernetes' programs. */
export const PROGRAMS = join(SOURCES, 'programs');
/** First process of each machine. */
export const MACHINE_SCRIPT = join(SOURCES, 'cluster/machine.sh');
/** Objects of the cluster that every real one has in some form. */
export const OBJECTS = join(SOURCES, 'cluster/objects');
export const ADAPTER = join(SOURCES, 'autoscale');
export const COMPONENTS = join(root, 'deploy/k8s/components');
export const POSTGRES_SCRIPT = join(SOURCES, 'prepare/postgres.sh');
export const INSIDE_MAIN = join(root, 'test/dist/rehearse/kubernetes/inside.js');
export const DOCKERFILE = join(root, 'deploy/Dockerfile');
export const HOW_TO = join(root, 'docs/how-to/kubernetes.md');
export const OVERLAY = join(root, 'deploy/k8s/overlays/dev');

/** Keeps what one rehearsal prepares for the next: the compiled programs, packages, layers of images. */
export const DEFAULT_CACHE = join(homedir(), '.cache/chorus-kubernetes');
