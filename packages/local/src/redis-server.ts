import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StartError } from '@chorus/service';
import { findProgram } from './find-program.js';
import { choosePort } from './free-port.js';
import { spawnGuarded } from './guarded-process.js';
import type { LocalServer } from './local-server.js';

export interface RedisOptions {
  /** Where Redis keeps its data, with an append-only file. Default: nothing is kept. */
  dir?: string;
  /** Default: one that is free. */
  port?: number;
  /** More `redis-server` arguments; they win over the ones chosen here. */
  args?: readonly string[];
  /** A folder to remove when this process dies without closing the server. */
  orphanFolder?: string;
}

const READY_MS = 15_000;
const STOP_MS = 10_000;

/**
 * Starts the `redis-server` of the PATH.
 * @throws {StartError} one line that says why it cannot
 */
export async function startRedis(options: RedisOptions = {}): Promise<LocalServer> {
  const command = await findProgram('redis-server');
  if (command === undefined) {
    throw new StartError(
      'redis-server was not found on the PATH: install it (Debian, Ubuntu: apt-get install redis-server; macOS: brew install redis)',
    );
  }
  const port = await choosePort(options.port);
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'chorus-redis-')));
  await mkdir(dir, { recursive: true });
  const persistence =
    options.dir === undefined ? ['--save', '', '--appendonly', 'no'] : ['--appendonly', 'yes'];
  const server = await spawnGuarded({
    name: 'redis-server',
    command,
    orphanFolder: options.orphanFolder ?? (options.dir === undefined ? dir : undefined),
    args: [
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', dir],
      ...persistence,
      ...(options.args ?? []),
    ],
  });
  const close = async (): Promise<void> => {
    await server.stop('SIGTERM', STOP_MS);
    if (options.dir === undefined) await rm(dir, { recursive: true, force: true });
  };
  try {
    await server.ready((line) => line.includes('Ready to accept connections'), READY_MS);
  } catch (error) {
    await close();
    throw error;
  }
  let closing: Promise<void> | undefined;
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    pid: server.pid,
    exited: server.exited,
    kill: (signal) => server.kill(signal),
    unref: () => server.unref(),
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}
