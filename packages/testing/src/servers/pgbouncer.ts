import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureProgram, freePort, postgresUser, spawnGuarded } from '@chorus/local';

const READY_MS = 15_000;
const STOP_MS = 10_000;

export interface TestPgbouncer {
  /** Returns the URL of a database through the pooler. @param url its URL on the server itself */
  through(url: string): string;
  close(): Promise<void>;
}

/**
 * Starts a PgBouncer in transaction mode with its default settings, in front of a PostgreSQL of
 * {@link startPostgres}, which sees all clients as its superuser. Uses the PgBouncer of the PATH, or, for root on
 * Debian, that of apt.
 *
 * @param serverUrl URL of any database of the server
 * @param settings more lines of `pgbouncer.ini`
 * @throws {StartError} if PgBouncer is missing and cannot be installed
 */
export async function startTestPgbouncer(
  serverUrl: string,
  settings: readonly string[] = [],
): Promise<TestPgbouncer> {
  const command = await ensureProgram('pgbouncer', {
    who: 'the tests of poolers need PgBouncer',
    hint: 'put pgbouncer on the PATH (Debian, Ubuntu: apt-get install pgbouncer; macOS: brew install pgbouncer)',
  });
  const server = new URL(serverUrl);
  const port = await freePort();
  const home = await mkdtemp(join(tmpdir(), 'chorus-pgbouncer-'));
  // It refuses to run as root, as PostgreSQL does.
  const user = await postgresUser();
  const [config, users] = [join(home, 'pgbouncer.ini'), join(home, 'users.txt')];
  await writeFile(users, `"${server.username}" ""\n`);
  await writeFile(
    config,
    [
      '[databases]',
      `* = host=${server.hostname} port=${server.port} user=${server.username} password=${server.password}`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${port}`,
      'unix_socket_dir =',
      'auth_type = trust',
      `auth_file = ${users}`,
      'pool_mode = transaction',
      ...settings,
    ].join('\n'),
    { mode: 0o600 },
  );
  if (user !== undefined) for (const path of [home, config, users]) await chown(path, user.uid, user.gid);
  const pooler = await spawnGuarded({
    name: 'pgbouncer',
    command,
    args: [config],
    cwd: '/',
    user,
    orphanSignal: 'SIGQUIT',
    orphanFolder: home,
  });
  const close = async (): Promise<void> => {
    // An immediate end; SIGINT would wait for sessions.
    await pooler.stop('SIGTERM', STOP_MS);
    await rm(home, { recursive: true, force: true });
  };
  try {
    await pooler.ready((line) => line.includes('process up'), READY_MS);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    through(url) {
      const through = new URL(url);
      through.port = String(port);
      return through.href;
    },
    close,
  };
}
