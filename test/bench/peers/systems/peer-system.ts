import { fileURLToPath } from 'node:url';
import { startRedis } from '@chorus/local';
import { Closer } from '@chorus/service';
import { compiledUrl } from './compiled.js';
import { startNode, startNodes } from './measured-node.js';
import type { RunningSystem, System } from './system.js';

interface PeerOptions {
  readonly name: string;
  readonly title: string;
  readonly recovers?: boolean;
  /** Program of a node, which gets the URL of Redis; below `test/bench`, as in {@link compiledUrl}. */
  readonly server: string;
  readonly dialect: string;
}

/** A system of one small program per node, without users, that admits every client to every room. */
export function peerSystem(options: PeerOptions): System {
  return {
    name: options.name,
    title: options.title,
    recovers: options.recovers ?? false,
    protocol: 'plain',
    dialect: compiledUrl(options.dialect).href,
    start: (nodes) => start(options, nodes),
  };
}

async function start({ name, server }: PeerOptions, count: number): Promise<RunningSystem> {
  const closer = new Closer();
  try {
    const redis = closer.add(await startRedis());
    const path = fileURLToPath(compiledUrl(server));
    const nodes = await startNodes(count, closer, (index) =>
      startNode(`${name} ${index}`, path, [redis.url]),
    );
    return {
      targets: nodes.map(({ port }) => `ws://127.0.0.1:${port}`),
      nodes,
      redis: { name: 'redis', pid: redis.pid, url: redis.url },
      identities: (users) =>
        Array.from({ length: users }, (_, index) => ({
          userId: index + 1,
          username: `user${index + 1}`,
          token: undefined,
        })),
      close: () => closer.close(),
    };
  } catch (error) {
    await closer.close();
    throw error;
  }
}
