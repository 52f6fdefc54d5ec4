import { randomBytes } from 'node:crypto';
import { chown, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StartError } from '@chorus/service';
import { type LocalServer, localServer } from '../local-server.js';
import { choosePort } from '../processes/free-port.js';
import { type GuardedProcess, spawnGuarded } from '../processes/guarded-process.js';
import { lookUpProcess } from '../processes/process-table.js';
import { keptSecret } from '../processes/secret-file.js';
import { adminClient } from './admin-client.js';
import { postgresPrograms } from './programs.js';
import { entryRights, postgresUser } from './user.js';

export interface PostgresOptions {
  /** Folder of the data, kept for the next start. Default: a temporary folder, removed by `close`. */
  dataDir?: string;
  /** Default: a free port. */
  port?: number;
  /** Whether the data survives a power cut. Default: true if `dataDir` is given. Without it the server is faster. */
  persistent?: boolean;
  /** More settings of the server, as `name=value`; they override those chosen here. */
  settings?: readonly string[];
  /** A folder to remove when this process dies without closing the server. */
  orphanFolder?: string;
}

const USER = 'chorus';
const DATABASE = 'chorus';
const READY_MS = 60_000;
const STOP_MS = 30_000;
/** How long a server that is not stopping yet may belong to an owner that has just died, in milliseconds. */
const ORPHAN_MS = 5_000;
/** What a server that is shutting down writes into `postmaster.pid`. */
const STOPPING = '\nstopping';

/**
 * Data may be lost at a power cut, but commits survive the end of the server, even by `kill -9`: suites stop and
 * start it. So commits stay synchronous.
 */
const FAST_BUT_FORGETFUL = ['fsync=off', 'full_page_writes=off'];

/**
 * Starts a PostgreSQL server with an empty database, or with its kept data. Only clients with its random password are
 * admitted, because its superuser can run programs. No process list shows the password.
 * @throws {StartError} one line with the reason why it cannot start
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<LocalServer> {
  const persistent = options.persistent ?? options.dataDir !== undefined;
  const port = await choosePort(options.port);
  const home = resolve(options.dataDir ?? (await mkdtemp(join(tmpdir(), 'chorus-postgres-'))));
  const cluster = join(home, 'cluster');
  const { initdb, postgres } = await postgresPrograms();
  const user = await postgresUser();
  await mkdir(home, { recursive: true });
  if (user !== undefined) await chown(home, user.uid, user.gid);

  const prefix = user && (await entryRights(user, [postgres, cluster]));
  const start = (program: string, args: string[], orphanSignal: 'SIGINT' | 'SIGQUIT') =>
    spawnGuarded({
      name: program === initdb ? 'initdb' : 'PostgreSQL',
      command: prefix?.[0] ?? program,
      args: prefix === undefined ? args : [...prefix.slice(1), program, ...args],
      env: { PATH: process.env.PATH, LC_ALL: 'C' },
      cwd: '/',
      user: prefix === undefined ? user : undefined,
      orphanSignal,
      orphanFolder: options.orphanFolder ?? (options.dataDir === undefined ? home : undefined),
    });

  const file = passwordFile(home);
  if (!(await exists(join(cluster, 'PG_VERSION')))) {
    await keptSecret(file);
    if (user !== undefined) await chown(file, user.uid, user.gid);
    await createCluster(home, cluster, persistent, (args) => start(initdb, args, 'SIGQUIT'));
  }
  const password = (await readFile(file, 'utf8').catch(() => '')).trim();
  if (password === '')
    throw new StartError(`${file} holds no password: the database beside it needs its own`);
  await clearStalePid(cluster);
  const settings = [
    'listen_addresses=127.0.0.1',
    // A socket file would need a folder with a short name that both users may write to.
    'unix_socket_directories=',
    'max_connections=200',
    'timezone=UTC',
    ...(persistent ? [] : FAST_BUT_FORGETFUL),
    ...(options.settings ?? []),
  ];
  const server = await start(
    postgres,
    ['-D', cluster, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])],
    persistent ? 'SIGINT' : 'SIGQUIT',
  );
  const url = `postgresql://${USER}:${password}@127.0.0.1:${port}/${DATABASE}`;
  const close = async (): Promise<void> => {
    // A fast shutdown ends sessions and writes a checkpoint; an immediate one skips both.
    await server.stop(persistent ? 'SIGINT' : 'SIGQUIT', STOP_MS);
    if (options.dataDir === undefined) await rm(home, { recursive: true, force: true });
  };
  try {
    await server.ready((line) => line.includes('ready to accept connections'), READY_MS);
    await ensureDatabase(url);
  } catch (error) {
    await close();
    throw error;
  }
  return localServer(server, { url, port }, close);
}

/**
 * Creates a database on the server, so that suites are isolated from each other: empty, or a copy of `template`.
 * @returns the new database's URL
 */
export async function createDatabase(serverUrl: string, template = 'template1'): Promise<string> {
  const name = `chorus_${randomBytes(6).toString('hex')}`;
  const client = adminClient(serverUrl);
  await client.connect();
  try {
    await client.query(`CREATE DATABASE ${name} TEMPLATE "${template}"`);
  } finally {
    await client.end();
  }
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

const passwordFile = (home: string): string => join(home, 'password');

async function createCluster(
  home: string,
  cluster: string,
  persistent: boolean,
  initdb: (args: string[]) => Promise<GuardedProcess>,
): Promise<void> {
  const unfinished = `${cluster}.new`;
  await rm(unfinished, { recursive: true, force: true });
  const process = await initdb([
    `--pgdata=${unfinished}`,
    `--username=${USER}`,
    '--encoding=UTF8',
    // PostgreSQL's own locale: identical on every system.
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--auth=scram-sha-256',
    `--pwfile=${passwordFile(home)}`,
    // Iterations slow down guessing, which is hopeless for a random password, and would cost each connection some ms.
    '--set=scram_iterations=1',
    ...(persistent ? [] : ['--no-sync']),
  ]);
  await process.ready((line) => line.startsWith('Success.'), READY_MS);
  await process.exited;
  // A rename is one step, so that an interrupted initdb never looks like a database.
  await rename(unfinished, cluster);
}

/**
 * After a `kill -9` or a power cut the lock file remains. PostgreSQL replaces it if no process has its pid, but
 * refuses to start if another process has it. If the owner was killed a moment ago, its guard stops the server; once
 * the server reports that it is stopping, it gets as long as a checkpoint may take.
 */
async function clearStalePid(cluster: string): Promise<void> {
  const file = join(cluster, 'postmaster.pid');
  const since = performance.now();
  for (;;) {
    const content = await readFile(file, 'utf8').catch(() => '');
    const pid = Number.parseInt(content, 10);
    const holder = Number.isNaN(pid) ? undefined : await lookUpProcess(pid);
    if (holder === undefined) return;
    if (!holder.command.includes(cluster)) return rm(file, { force: true });
    const patience = content.includes(STOPPING) ? STOP_MS : ORPHAN_MS;
    if (performance.now() - since > patience)
      throw new StartError(`${cluster} is in use by a running PostgreSQL (pid ${pid})`);
    await sleep(100);
  }
}

async function ensureDatabase(url: string): Promise<void> {
  const client = adminClient(url, 'postgres');
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  } finally {
    await client.end();
  }
}

async function exists(path: string): Promise<boolean> {
  return readFile(path).then(
    () => true,
    () => false,
  );
}
