import {
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { kustomize } from '../../../deploy/k8s/kustomize.js';
import { root } from '../../../support/root.js';
import { DOCKERFILE, OVERLAY, POSTGRES_SCRIPT } from '../files.js';
import { linkPrograms, systemRelease, unpackPackages } from './debian.js';
import { settingsOf } from './dockerfile.js';
import { type Image, packLayer, withFolder, writeArchive } from './image.js';
import { contentOf, keep } from './keep.js';
import { runTool } from './run-tool.js';

/** What Node and a shell need. */
const BASE_PACKAGES = [
  'bash',
  'coreutils',
  'grep',
  'sed',
  'libstdc++6',
  'libc-bin',
  'base-files',
  'netbase',
  'tzdata',
];
const SERVICE_PACKAGES = ['redis-server', 'postgresql', 'haproxy', 'curl'];
export const PAUSE_IMAGE = 'docker.io/chorus/pause:1';
/** Node and a shell. */
export const NODE_IMAGE = 'docker.io/chorus/node:1';
export const SERVICES_IMAGE = 'docker.io/chorus/services:1';
/** Files of packages that the services do not need, and that are half of all. */
const UNUSED = [
  'usr/share/doc',
  'usr/share/man',
  'usr/share/locale',
  'usr/share/i18n',
  'usr/share/perl',
  'usr/lib/llvm-14',
];
const UNUSED_LIBRARIES = /^(libLLVM|perl|libz3|gconv)/;
/** Prefix of the images of Chorus. */
const OWN = 'chorus-';
/** Users of the images of PostgreSQL and Redis. */
const USERS =
  'root:x:0:0::/root:/bin/bash\ndata:x:999:999::/data:/bin/bash\nchorus:x:10001:10001::/app:/bin/bash\n';
const PAUSE = { user: '65535:65535', folder: '/', env: [], command: ['/pause'] };
const NODE = {
  user: '10001:10001',
  folder: '/app',
  env: ['PATH=/usr/local/bin:/usr/bin:/bin'],
  command: ['node'],
};
const SERVICES = {
  user: '999:999',
  folder: '/data',
  env: ['PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin'],
  command: ['/postgres.sh', 'postgres'],
  // As in PostgreSQL's image: SIGTERM would wait until the last client is gone.
  stopSignal: 'SIGINT',
};

/**
 * Writes the archive of all images, and returns its path: those of Chorus from this clone, and stand-ins for PostgreSQL, Redis and the balancer from
 * Debian's packages.
 */
export async function makeImages(cache: string, programs: string): Promise<string> {
  const file = join(cache, 'images.tar');
  const work = await mkdtemp(join(cache, 'images-'));
  try {
    const layers = { base: await baseLayer(cache), services: await servicesLayer(cache) };
    const pause = await pauseLayer(cache, programs);
    const named = await imagesOfOverlay();
    const others = named.filter((tag) => !tag.startsWith(OWN));
    const images: Image[] = [
      { tags: [PAUSE_IMAGE], layers: [pause], settings: PAUSE },
      { tags: [NODE_IMAGE], layers: [layers.base], settings: NODE },
      { tags: [SERVICES_IMAGE, ...others], layers: [layers.services], settings: SERVICES },
    ];
    const dockerfile = await readFile(DOCKERFILE, 'utf8');
    for (const tag of named.filter((name) => name.startsWith(OWN))) {
      const [target = ''] = tag.slice(OWN.length).split(':');
      const layer = await programLayer(target, join(work, `${target}.tar`));
      images.push({ tags: [tag], layers: [layers.base, layer], settings: settingsOf(dockerfile, target) });
    }
    await writeArchive(images, join(work, 'images.tar'));
    await rename(join(work, 'images.tar'), file);
    return file;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Packs what the image of a program adds to the base. */
async function programLayer(target: string, layer: string): Promise<string> {
  await withFolder(async (folder) => {
    await runTool('node', [join(root, 'deploy/ship.mjs'), target, join(folder, 'app')]);
    await packLayer(folder, layer);
  });
  return layer;
}

/** Returns the images that the overlay names. */
async function imagesOfOverlay(): Promise<string[]> {
  const found = new Set<string>();
  for (const document of parseAllDocuments(await kustomize(OVERLAY))) {
    for (const [, image = ''] of JSON.stringify(document.toJS()).matchAll(/"image":"([^"]+)"/g))
      found.add(image);
  }
  return [...found].sort();
}

async function baseLayer(cache: string): Promise<string> {
  const key = ['1', await systemRelease(), process.version, ...BASE_PACKAGES].join('\n');
  return keep(cache, 'base.tar', key, (layer) =>
    withFolder(async (folder) => {
      await unpackPackages(BASE_PACKAGES, folder);
      await finishBase(folder);
      await packLayer(folder, layer);
    }),
  );
}

async function finishBase(folder: string): Promise<void> {
  await mkdir(join(folder, 'usr/local/bin'), { recursive: true });
  await copyFile(await realpath(process.execPath), join(folder, 'usr/local/bin/node'));
  await finishSystem(folder);
}

/** What scripts of packages would have done. */
async function finishSystem(folder: string): Promise<void> {
  await writeFile(join(folder, 'etc/passwd'), USERS);
  await linkPrograms(folder, { 'bin/sh': 'bash' }).catch(() => undefined);
  for (const name of ['data', 'app', 'tmp', 'run/postgresql', 'var/lib/postgresql/data']) {
    await mkdir(join(folder, name), { recursive: true });
  }
}

async function servicesLayer(cache: string): Promise<string> {
  const script = await contentOf([POSTGRES_SCRIPT]);
  const packages = [...BASE_PACKAGES, ...SERVICE_PACKAGES];
  const key = ['1', await systemRelease(), script, ...packages].join('\n');
  return keep(cache, 'services.tar', key, (layer) =>
    withFolder(async (folder) => {
      await unpackPackages(packages, folder);
      await finishServices(folder);
      await packLayer(folder, layer);
    }),
  );
}

async function finishServices(folder: string): Promise<void> {
  await finishSystem(folder);
  for (const name of UNUSED) await rm(join(folder, name), { recursive: true, force: true });
  const libraries = join(folder, 'usr/lib', `${process.arch === 'x64' ? 'x86_64' : 'aarch64'}-linux-gnu`);
  for (const name of (await readdir(libraries)).filter((name) => UNUSED_LIBRARIES.test(name))) {
    await rm(join(libraries, name), { recursive: true });
  }
  await copyFile(POSTGRES_SCRIPT, join(folder, 'postgres.sh'));
  await chmod(join(folder, 'postgres.sh'), 0o755);
  const [version = ''] = await readdir(join(folder, 'usr/lib/postgresql'));
  const programs = await readdir(join(folder, 'usr/lib/postgresql', version, 'bin'));
  await mkdir(join(folder, 'usr/local/bin'), { recursive: true });
  await linkPrograms(
    folder,
    Object.fromEntries(
      programs.map((name) => [`usr/local/bin/${name}`, `/usr/lib/postgresql/${version}/bin/${name}`]),
    ),
  );
}

function pauseLayer(cache: string, programs: string): Promise<string> {
  return keep(cache, 'pause.tar', programs, (layer) =>
    withFolder(async (folder) => {
      await copyFile(join(programs, 'pause'), join(folder, 'pause'));
      await packLayer(folder, layer);
    }),
  );
}
