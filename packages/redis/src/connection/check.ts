import { Cluster, type Redis, ReplyError } from 'ioredis';
import type { RedisClient } from './client.js';
import type { RedisLink } from './link.js';
import { CHECK_SCRIPT } from './refusals.js';

/** How often a connection is checked, in milliseconds. Part of the two seconds in which a failover is healed. */
const CHECK_MS = 1_000;

export interface CheckOptions {
  /** How long the server may go without an answer, in milliseconds. */
  readonly timeoutMs: number;
  /** The connection is a subscriber: only `PING` works on it, and writes cannot be checked. */
  readonly receives: boolean;
}

/**
 * Checks periodically that the server answers, and that it would take a write; see {@link CHECK_SCRIPT}.
 *
 * Closes connections on which a server has been silent for too long, so that the library reconnects. TCP alone takes a quarter
 * of an hour to notice that the other side has vanished, and on a connection that only receives it never does.
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
    for (const node of nodes) endBeginning(node, beginnings, timeoutMs);
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

/** @returns whether the check passed; the link has seen any error reply. Never rejects. */
async function check(node: Redis, writes: boolean): Promise<boolean> {
  const { stream } = node;
  try {
    await (writes ? node.eval(CHECK_SCRIPT, 0) : node.ping());
    return true;
  } catch (error) {
    // Fails by the command time-out, or because the connection is closed already.
    if (!(error instanceof ReplyError)) stream.destroy();
    return false;
  }
}

/**
 * Reconnects when a handshake takes too long. The library waits for a server that loads its data for as long as that takes,
 * although its host name may lead to another server by then.
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
