import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { linkPrograms, systemRelease, unpackPackages } from './debian.js';
import { makeImages } from './images.js';
import { keep } from './keep.js';
import { compilePrograms } from './programs.js';

/** Programs of a node that Kubernetes does not bring along. */
const MACHINE_PACKAGES = [
  ...['bash', 'coreutils', 'util-linux', 'mount', 'procps', 'kmod', 'iproute2', 'ca-certificates'],
  ...['containerd', 'runc', 'containernetworking-plugins', 'iptables', 'ipset', 'conntrack', 'etcd-server'],
];
const IPTABLES = ['iptables', 'ip6tables'].flatMap((name) => [name, `${name}-save`, `${name}-restore`]);

export interface Prepared {
  readonly root: string;
  readonly programs: string;
  readonly images: string;
  readonly store: string;
}

/**
 * Prepares all that needs a network: Debian packages, the programs of Kubernetes, and images of this clone.
 * @throws {StartError} when something is missing
 */
export async function prepare(cache: string, say: (line: string) => void): Promise<Prepared> {
  await mkdir(cache, { recursive: true });
  say('packages …');
  const key = ['1', await systemRelease(), ...MACHINE_PACKAGES].join('\n');
  const root = await keep(cache, 'machine', key, makeMachine);
  const programs = await compilePrograms(cache, say);
  say('images …');
  const images = await makeImages(cache, programs);
  return { root, programs, images, store: join(cache, 'store') };
}

async function makeMachine(folder: string): Promise<void> {
  await unpackPackages(MACHINE_PACKAGES, folder);
  const links = IPTABLES.map((name) => [`usr/sbin/${name}`, 'xtables-nft-multi']);
  await linkPrograms(folder, Object.fromEntries(links));
  await writeFile(join(folder, 'etc/hosts'), '127.0.0.1 localhost\n');
  // The kubelet looks up whether pods may have users of their own.
  await writeFile(join(folder, 'etc/passwd'), 'root:x:0:0::/root:/bin/bash\n');
}
