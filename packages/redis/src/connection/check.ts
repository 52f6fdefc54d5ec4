import { Cluster, type Redis, ReplyError } from 'ioredis';
import type { RedisClient } from './client.js';
import type { RedisLink } from './link.js';
import { CHECK_SCRIPT } from './refusals.js';

/** Interval between checks of a connection, in milliseconds. Part of the two seconds in which a failover is healed. */
const CHECK_MS = 1_000;

export interface CheckOptions {
  /** Maximum time without a response of the server, in milliseconds. */
  readonly timeoutMs: number;
  /** Whether the connection is a subscriber: only `PING` works on it, and writes cannot be checked. */
  readonly receives: boolean;
}

/**
 * Checks periodically that the server responds, and that it would accept a write; see {@link CHECK_SCRIPT}.
 *
 * Closes connections on which the server has been silent for too long, so that the library reconnects. TCP alone takes
 * a quarter of an hour to detect that the other side has vanished, and never detects it on a connection that only
 * receives.
 */
export function checkConnection(
  client: RedisClient,
  link: RedisLink,
  { timeoutMs, receives }: CheckOptions,
): void {
  const beginnings = new WeakMap<Redis, number>();
  let asking = false;
  const checkAll = async (): Promise<void> => {
    const replicas = client instanceof Cluster ? client.nodes('slave') : [];
    const nodes = client instanceof Cluster ? client.nodes() : [client];
    for (const node of nodes) {
      if (link.isConfirming) beginnings.delete(node);
      else endBeginning(node, beginnings, timeoutMs);
    }
    const ready = nodes.filter(({ status }) => status === 'ready');
    const able = await Promise.all(ready.map((node) => check(node, !receives && !replicas.includes(node))));
    if (ready.length > 0 && !able.includes(false)) link.onAble();
  };
  const timer = setInterval(
    () => {
      if (asking) return;
      asking = true;
      void checkAll().finally(() => {
        asking = false;
      });
    },
    Math.min(CHECK_MS, timeoutMs),
  ).unref();
  client.once('end', () => clearInterval(timer));
}

/** Never rejects; the link has recorded any error reply. @returns whether the check passed */
async function check(node: Redis, writes: boolean): Promise<boolean> {
  const { stream } = node;
  try {
    await (writes ? node.eval(CHECK_SCRIPT, 0) : node.ping());
    return true;
  } catch (error) {
    // Fails by the command timeout, or because the connection is already closed.
    if (!(error instanceof ReplyError)) stream.destroy();
    return false;
  }
}

/**
 * Reconnects when a handshake takes too long. The library waits without limit for a server that loads its data,
 * although the host name may resolve to another server by then.
 */
function endBeginning(node: Redis, beginnings: WeakMap<Redis, number>, timeoutMs: number): void {
  if (node.status !== 'connect') {
    beginnings.delete(node);
    return;
  }
  const began = beginnings.get(node);
  if (began === undefined) beginnings.set(node, performance.now());
  else if (performance.now() - began > timeoutMs) node.disconnect(true);
}
