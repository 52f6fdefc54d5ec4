import { execFile } from 'node:child_process';
import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { StartError } from '@chorus/service';

const run = promisify(execFile);

export interface User {
  uid: number;
  gid: number;
}

/**
 * PostgreSQL refuses to run as root. Returns the system's `postgres` user for root, creating it if missing; undefined
 * for any other user, who can run PostgreSQL directly.
 */
export async function postgresUser(): Promise<User | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const existing = await lookUp();
  if (existing !== undefined) return existing;
  try {
    await run('useradd', ['--system', '--user-group', '--shell', '/bin/false', 'postgres']);
  } catch (error) {
    // Another process may have created it concurrently.
    const created = await lookUp();
    if (created !== undefined) return created;
    throw new StartError(
      `PostgreSQL cannot run as root, and the user "postgres" cannot be created: ${String((error as { stderr?: string }).stderr ?? error).trim()}`,
    );
  }
  return await lookUp();
}

async function lookUp(): Promise<User | undefined> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', 'postgres']), run('id', ['-g', 'postgres'])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return undefined;
  }
}

/**
 * Lets root start a program as another user when the program lies in a folder that only root may enter, such as /root
 * or a folder of mktemp: the program keeps the one right to pass such folders. The secure bit makes access(2), which
 * PostgreSQL uses for its own files, honour that right.
 *
 * @returns what to put before the command, or `undefined` if all the paths can be entered anyway
 */
export async function entryRights(user: User, paths: readonly string[]): Promise<string[] | undefined> {
  const closed = await firstClosedFolder(paths);
  if (closed === undefined) return undefined;
  const setpriv = '/usr/bin/setpriv';
  try {
    await access(setpriv, constants.X_OK);
  } catch {
    throw new StartError(
      `PostgreSQL cannot run as root, and its user "postgres" may not enter ${closed}; put the project elsewhere or run it as another user`,
    );
  }
  return [
    setpriv,
    `--reuid=${user.uid}`,
    `--regid=${user.gid}`,
    '--clear-groups',
    '--securebits=+no_setuid_fixup',
    '--inh-caps=+dac_override',
    '--ambient-caps=+dac_override',
    '--',
  ];
}

async function firstClosedFolder(paths: readonly string[]): Promise<string | undefined> {
  const folders = new Set<string>();
  for (const path of paths) {
    for (let folder = dirname(path); !folders.has(folder); folder = dirname(folder)) folders.add(folder);
  }
  for (const folder of folders) {
    const { mode } = await stat(folder);
    if ((mode & constants.S_IXOTH) === 0) return folder;
  }
  return undefined;
}
