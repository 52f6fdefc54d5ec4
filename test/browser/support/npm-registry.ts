import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, dirname, join } from 'node:path';

/** A registry on this machine, from which npm installs. */
export interface NpmRegistry {
  readonly url: string;
  close(): Promise<void>;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
}

interface Installed {
  readonly folder: string;
  readonly manifest: Manifest;
}

/**
 * Starts a registry of packages that are installed here, and of what they depend on. A test that installs as a reader does then needs no
 * network, and gets the versions of the lockfile.
 * @param from folder that has them among its dependencies
 */
export async function startNpmRegistry(from: string, names: readonly string[]): Promise<NpmRegistry> {
  const packages = new Map<string, Map<string, Installed>>();
  for (const name of names) collect(packages, name, from);
  const server = createServer(({ url: path = '/' }, response) => {
    const [, tarball] = /^\/-\/(.+)\.tgz$/.exec(path) ?? [];
    const name = decodeURIComponent(tarball ?? path.slice(1));
    const at = name.lastIndexOf('@');
    const found = tarball && packages.get(name.slice(0, at))?.get(name.slice(at + 1));
    const versions = packages.get(name);
    if (found) {
      const tar = ['-cz', '--exclude', 'node_modules', '-C', dirname(found.folder), basename(found.folder)];
      spawn('tar', tar, { stdio: ['ignore', 'pipe', 'inherit'] }).stdout.pipe(response);
    } else if (versions) {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(about(name, versions, url)));
    } else response.writeHead(404).end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    close: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Adds a package and its dependencies. Optional ones that are not installed are left out: they are for other systems. */
function collect(packages: Map<string, Map<string, Installed>>, name: string, from: string): void {
  const folder = folderOf(name, from);
  if (folder === undefined) return;
  const manifest: Manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const versions = packages.get(name) ?? new Map<string, Installed>();
  packages.set(name, versions);
  if (versions.has(manifest.version)) return;
  versions.set(manifest.version, { folder, manifest });
  for (const other of Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })) {
    collect(packages, other, folder);
  }
}

function folderOf(name: string, from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const found = join(folder, 'node_modules', name);
    if (existsSync(join(found, 'package.json'))) return realpathSync(found);
    if (folder === dirname(folder)) return undefined;
  }
}

/** What a registry answers about a package. */
function about(name: string, versions: ReadonlyMap<string, Installed>, url: string): object {
  const all = [...versions.values()].map(({ manifest }) => {
    const tarball = `${url}/-/${encodeURIComponent(`${name}@${manifest.version}`)}.tgz`;
    return [manifest.version, { ...manifest, dist: { tarball } }] as const;
  });
  return { name, 'dist-tags': { latest: all[0]?.[0] }, versions: Object.fromEntries(all) };
}
