import { mkdir, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { keep } from './keep.js';
import { runTool } from './run-tool.js';

/** Packages that are unpacked at once. */
const AT_ONCE = 4;

/**
 * Returns a folder with the files of Debian packages and of all that they depend on, as on a system that has nothing else.
 * Nothing is installed on this machine, and no script of a package runs.
 * @param key version of what `finish` does
 * @throws {StartError} when apt cannot download them
 */
export async function unpackPackages(
  cache: string,
  name: string,
  packages: readonly string[],
  key: string,
  finish: (folder: string) => Promise<void>,
): Promise<string> {
  const system = await readFile('/etc/os-release', 'utf8');
  return keep(cache, name, [system, key, ...packages].join('\n'), async (folder) => {
    const archives = `${folder}.archives`;
    try {
      await mkdir(join(archives, 'partial'), { recursive: true });
      await runTool('apt-get', ['update', '-qq']);
      await runTool('apt-get', [
        ...[
          '-o',
          'Debug::NoLocking=1',
          '-o',
          'Dir::State::status=/dev/null',
          '-o',
          `Dir::Cache::archives=${archives}`,
        ],
        ...['install', '--download-only', '--no-install-recommends', '-y', '-qq', ...packages],
      ]);
      await mkdir(folder);
      const files = (await readdir(archives)).filter((file) => file.endsWith('.deb'));
      const unpack = async (): Promise<void> => {
        for (let file = files.pop(); file !== undefined; file = files.pop()) {
          await runTool('dpkg-deb', ['-x', join(archives, file), folder]);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, unpack));
      await finish(folder);
    } finally {
      await rm(archives, { recursive: true, force: true });
    }
  });
}

/** Names that scripts of packages would have made. */
export async function linkPrograms(folder: string, links: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, program] of Object.entries(links)) await symlink(program, join(folder, name));
}
