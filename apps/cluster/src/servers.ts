import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, type LocalServer, startPostgres, startRedis } from '@chorus/local';
import type { Closeable } from '@chorus/service';
import { Member, type MemberOptions } from './member.js';

/** A Redis or PostgreSQL that the cluster uses. Closing it ends it, unless it is somebody else's. */
export interface Server extends Closeable {
  readonly url: string;
  /** Undefined when it is somebody else's. */
  readonly member: Member | undefined;
}

export interface ServerOptions extends Pick<MemberOptions, 'restart' | 'changed'> {
  /** Of the server to use instead of starting one. */
  url: string | undefined;
  /** Where to keep its data; without it the data ends with the cluster. */
  dataDir: string | undefined;
}

/** Starts a PostgreSQL, unless there is one to use. */
export function openPostgres(options: ServerOptions): Promise<Server> {
  return open('postgres', options, (dataDir, port, orphan) =>
    startPostgres({ dataDir, port, persistent: options.dataDir !== undefined, ...orphan }),
  );
}

/**
 * Starts a Redis that asks for a password and finds its data again when it is restarted, unless there is one to use.
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
