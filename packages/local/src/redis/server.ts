import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { StartError } from '@chorus/service';
import { type LocalServer, localServer } from '../local-server.js';
import { findProgram } from '../processes/find-program.js';
import { choosePort } from '../processes/free-port.js';
import { spawnGuarded } from '../processes/guarded-process.js';
import { keptSecret } from '../processes/secret-file.js';

export interface RedisOptions {
  /** Folder of the data, with an append-only file. Default: no persistence. */
  dir?: string;
  /** Default: a free port. */
  port?: number;
  /**
   * Admits only clients with a random password, kept in `dir`. No process list shows it. Default: admits every local
   * client.
   */
  password?: boolean;
  /** More `redis-server` arguments; they override those chosen here. */
  args?: readonly string[];
  /** Environment of the server. Default: that of this process. */
  env?: NodeJS.ProcessEnv;
  /** A folder to remove when this process dies without closing the server. */
  orphanFolder?: string;
}

const READY_MS = 15_000;
const STOP_MS = 10_000;

/**
 * Starts the `redis-server` of the PATH.
 * @throws {StartError} one line with the reason why it cannot start
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
  // Redis writes files that other users may read.
  await chmod(dir, 0o700);
  const password = options.password ? await keptSecret(join(dir, 'password')) : undefined;
  const persistence =
    options.dir === undefined ? ['--save', '', '--appendonly', 'no'] : ['--appendonly', 'yes'];
  const server = await spawnGuarded({
    name: 'redis-server',
    command,
    ...(options.env === undefined ? {} : { env: options.env }),
    orphanFolder: options.orphanFolder ?? (options.dir === undefined ? dir : undefined),
    args: [
      ...(password === undefined ? [] : [await writeConfig(dir, password)]),
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
  const url = `redis://${password === undefined ? '' : `:${password}@`}127.0.0.1:${port}`;
  return localServer(server, { url, port }, close);
}

/** @returns a configuration file with the password: every user of the machine can see arguments */
async function writeConfig(dir: string, password: string): Promise<string> {
  const file = join(resolve(dir), 'redis.conf');
  await writeFile(file, `requirepass ${password}\nmasterauth ${password}\n`, { mode: 0o600 });
  return file;
}
