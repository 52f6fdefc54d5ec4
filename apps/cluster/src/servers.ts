import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, type LocalServer, startPostgres, startRedis } from '@chorus/local';
import type { Closeable } from '@chorus/service';
import { Member, type MemberOptions } from './member.js';

/** A Redis or PostgreSQL of the cluster. Closing it stops a server that this command started, and no other. */
export interface Server extends Closeable {
  readonly url: string;
  /** Undefined for a server that this command did not start. */
  readonly member: Member | undefined;
}

export interface ServerOptions extends Pick<MemberOptions, 'restart' | 'changed'> {
  /** URL of a server to use instead of starting one. */
  url: string | undefined;
  /** Folder for its data; without it the data is lost when the cluster ends. */
  dataDir: string | undefined;
}

/** Starts a PostgreSQL, unless a URL is given. */
export function openPostgres(options: ServerOptions): Promise<Server> {
  return open('postgres', options, (dataDir, port, orphan) =>
    startPostgres({ dataDir, port, persistent: options.dataDir !== undefined, ...orphan }),
  );
}

/**
 * Starts a Redis with a password that keeps its data over restarts, unless a URL is given.
 * @param args more `redis-server` arguments
 */
export function openRedis(options: ServerOptions, args: readonly string[] = []): Promise<Server> {
  return open('redis', options, (dir, port, orphan) =>
    startRedis({ dir, port, args, password: true, ...orphan }),
  );
}

async function open(
  nodeId: string,
  { url, dataDir, restart, changed }: ServerOptions,
  start: (folder: string, port: number, orphan: { orphanFolder?: string }) => Promise<LocalServer>,
): Promise<Server> {
  if (url) return { url, member: undefined, close: async () => {} };
  const folder =
    dataDir === undefined ? await mkdtemp(join(tmpdir(), `chorus-${nodeId}-`)) : join(dataDir, nodeId);
  await mkdir(folder, { recursive: true });
  const port = await freePort();
  const orphan = dataDir === undefined ? { orphanFolder: folder } : {};
  const member = new Member({ nodeId, restart, changed, launch: () => start(folder, port, orphan) });
  const close = async (): Promise<void> => {
    await member.stop();
    if (dataDir === undefined) await rm(folder, { recursive: true, force: true });
  };
  try {
    await member.start();
  } catch (error) {
    await close();
    throw error;
  }
  return { url: member.url, member, close };
}
