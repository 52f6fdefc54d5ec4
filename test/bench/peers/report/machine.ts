import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { cpus, release, totalmem } from 'node:os';
import { promisify } from 'node:util';

/** The machine and programs, on which figures depend. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly versions: Readonly<Record<string, string>>;
}

const PACKAGES = [
  'socket.io',
  '@socket.io/redis-adapter',
  '@socket.io/redis-streams-adapter',
  'ws',
  'ioredis',
];

export async function describeMachine(): Promise<Machine> {
  const { stdout } = await promisify(execFile)('redis-server', ['--version']);
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    versions: {
      node: process.versions.node,
      redis: /v=([\d.]+)/.exec(stdout)?.[1] ?? 'unknown',
      ...Object.fromEntries(PACKAGES.map((name) => [name, versionOf(name)])),
    },
  };
}

/** Version of a package whose exports exclude its package.json. */
function versionOf(name: string): string {
  const require = createRequire(import.meta.url);
  for (const folder of require.resolve.paths(name) ?? []) {
    try {
      const { version } = require(`${folder}/${name}/package.json`) as { version: string };
      return version;
    } catch {
      // Not in this folder.
    }
  }
  return 'unknown';
}

/** One line about the machine, one about the programs. */
export function machineInWords({ processor, cores, memoryGiB, kernel, versions }: Machine): [string, string] {
  const programs = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [`${processor}, ${cores} cores, ${memoryGiB} GiB, Linux ${kernel}`, programs.join(', ')];
}
