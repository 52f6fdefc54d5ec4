import { join } from 'node:path';
import { freePort, startPostgres, startRedis } from '@chorus/local';
import { Member, type MemberOptions } from './member.js';

/** A Redis or PostgreSQL that the cluster uses. */
export interface Server {
  readonly url: string;
  /** Undefined when it is somebody else's. */
  readonly member: Member | undefined;
}

export interface ServerOptions extends Pick<MemberOptions, 'restart' | 'changed'> {
  /** Of the server to use instead of starting one. */
  url: string | undefined;
  dataDir: string;
  /** Whether `dataDir` is worth keeping; it is removed when this process is killed otherwise. */
  persistent: boolean;
}

/** Starts a PostgreSQL, unless there is one to use. */
export async function openPostgres(options: ServerOptions): Promise<Server> {
  const port = await freePort();
  const dataDir = join(options.dataDir, 'postgres');
  const { persistent } = options;
  return open('postgres', options, () =>
    startPostgres({ dataDir, port, persistent, ...(persistent ? {} : { orphanFolder: dataDir }) }),
  );
}

/** Starts a Redis that finds its data again when it is restarted, unless there is one to use. */
export async function openRedis(options: ServerOptions): Promise<Server> {
  const port = await freePort();
  const dir = join(options.dataDir, 'redis');
  return open('redis', options, () =>
    startRedis({ dir, port, ...(options.persistent ? {} : { orphanFolder: options.dataDir }) }),
  );
}

async function open(
  nodeId: string,
  { url, restart, changed }: ServerOptions,
  launch: MemberOptions['launch'],
): Promise<Server> {
  if (url) return { url, member: undefined };
  const member = new Member({ nodeId, launch, restart, changed });
  await member.start();
  return { url: member.url, member };
}
