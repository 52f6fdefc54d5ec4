import { setTimeout as sleep } from 'node:timers/promises';
import { createPrng } from '@chorus/testing';
import type { PlannedFault } from '../run/schedule.js';
import { ReplicatedUntil } from '../servers/redis-replicated-until.js';
import { needed, type ServerFault, type ServerFaultContext } from './server-fault.js';

/** Time before the failure in which some replicas receive nothing. */
const BEHIND_MS = [200, 1_500] as const;
/** How long a primary that was frozen works before it is a replica. */
const DEMOTED_MS = [500, 4_000] as const;

/**
 * Sentinels replace a primary. In half of the cases one or all replicas were cut off for a while before. The Redis that takes over shows what
 * it lacks.
 */
export const FAILOVER_FAULTS = {
  'redis-failover-kill': (planned, context) =>
    failover(planned, context, 'is killed', async () => {
      const redis = needed(context.cluster.redis);
      const old = redis.node;
      await old.kill();
      const until = performance.now();
      return async (primaryPort) => {
        await old.member.start();
        await redis.follow(old, primaryPort);
        return until;
      };
    }),

  'redis-failover-freeze': (planned, context) =>
    failover(planned, context, 'is frozen', async () => {
      const redis = needed(context.cluster.redis);
      const old = redis.node;
      old.member.kill('SIGSTOP');
      return async (primaryPort) => {
        old.member.kill('SIGCONT');
        // It works as a primary until then, as it does until Sentinels notice.
        await sleep(createPrng(planned.seed + 1).between(...DEMOTED_MS), undefined, {
          signal: context.signal,
        });
        await redis.follow(old, primaryPort);
        return performance.now();
      };
    }),
} satisfies Record<string, ServerFault>;

/**
 * @param fail ends the primary; returns a function that makes it a replica, which resolves with the last time at which it acknowledged
 * something as a primary
 */
async function failover(
  { forMs, seed }: PlannedFault,
  { cluster, hits, loses, primaryNamed, signal }: ServerFaultContext,
  how: string,
  fail: () => Promise<(primaryPort: number) => Promise<number>>,
): Promise<void> {
  const redis = needed(cluster.redis);
  const sentinels = needed(cluster.sentinels);
  const prng = createPrng(seed);
  const old = redis.node;
  const { replicas } = redis;
  const behindMs = prng.between(...BEHIND_MS);
  const behind = prng.next() < 0.5 ? prng.shuffled(replicas).slice(0, prng.between(1, replicas.length)) : [];
  const names = behind.map(({ member }) => member.nodeId).join(' and ');
  const what = [
    `${old.member.nodeId} ${how}`,
    ...(behind.length > 0 ? [`${names} cut off for ${behindMs} ms before`] : []),
  ].join('; ');
  hits(what);
  const ticks = await ReplicatedUntil.start(old, replicas.length);
  let at: number;
  let rejoin: (primaryPort: number) => Promise<number>;
  try {
    for (const replica of behind) await replica.cutOff();
    await sleep(behindMs, undefined, { signal });
    at = performance.now();
    rejoin = await fail();
  } finally {
    await ticks.close();
  }
  const named = await sentinels.anotherThan(old.port, signal);
  primaryNamed(named.at);
  const primary = replicas.find(({ port }) => port === named.port);
  if (primary === undefined) throw new Error(`the Sentinels name ${named.port}, which is no replica`);
  redis.promoted(primary);
  const since = await ReplicatedUntil.of(primary);
  hits(
    `${what}; ${primary.member.nodeId} named after ${Math.round(named.at - at)} ms, without the last ${Math.round(at - since)} ms`,
  );
  for (const replica of behind) await replica.readmit();
  await sleep(forMs, undefined, { signal });
  loses({ since, at, until: await rejoin(primary.port) });
  for (const replica of redis.replicas) await redis.inStep(replica, primary.port);
}
