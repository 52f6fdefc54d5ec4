import { mkdir, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { runTool } from './run-tool.js';

/** Packages that are unpacked at once. */
const AT_ONCE = 4;

/**
 * Unpacks Debian packages and all that they depend on into a new folder, as on a system that has nothing else. Nothing is
 * installed on this machine, and no script of a package runs.
 * @throws {StartError} when apt cannot download them
 */
export async function unpackPackages(packages: readonly string[], folder: string): Promise<void> {
  const archives = `${folder}.archives`;
  try {
    await mkdir(join(archives, 'partial'), { recursive: true });
    await runTool('apt-get', ['update', '-qq']);
    await runTool('apt-get', [
      ...['-o', 'Debug::NoLocking=1', '-o', 'Dir::State::status=/dev/null'],
      ...['-o', `Dir::Cache::archives=${archives}`],
      ...['install', '--download-only', '--no-install-recommends', '-y', '-qq', ...packages],
    ]);
    await mkdir(folder, { recursive: true });
    const files = (await readdir(archives)).filter((file) => file.endsWith('.deb'));
    const unpack = async (): Promise<void> => {
      for (let file = files.pop(); file !== undefined; file = files.pop()) {
        await runTool('dpkg-deb', ['-x', join(archives, file), folder]);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, unpack));
  } finally {
    await rm(archives, { recursive: true, force: true });
  }
}

/** Returns the release of this system, on which the content of packages depends. */
export function systemRelease(): Promise<string> {
  return readFile('/etc/os-release', 'utf8');
}

/** Names that scripts of packages would have made. */
export async function linkPrograms(folder: string, links: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, program] of Object.entries(links)) await symlink(program, join(folder, name));
}
