import { setTimeout as sleep } from 'node:timers/promises';
import type { Member } from '@chorus/cluster';
import { createPrng, type Prng } from '@chorus/testing';
import type { PlannedFault } from '../run/schedule.js';
import { running } from '../worlds/running.js';
import { needed, type ServerFault, type ServerFaultContext } from './server-fault.js';

/** Largest cut into the last command of a log, in bytes. */
const TORN_BYTES = 60;
const CLOCK_BEHIND_MS = [5_000, 120_000] as const;

/**
 * Redis returns with less than it acknowledged. In half of the cases nothing of it was archived, because the
 * archivers were down; in half of the cases a gateway did not receive it, because it was cut off.
 */
export const OLDER_DATA = {
  async 'redis-snapshot'(planned, context) {
    const redis = needed(context.cluster.redis);
    const since = performance.now();
    const saved = await redis.save();
    await behind(planned, context, 'back to its state before', since, async () => {
      await redis.node.kill();
      await redis.restore(saved);
    });
  },

  async 'redis-lost-tail'(planned, context) {
    const redis = needed(context.cluster.redis);
    const since = performance.now();
    const length = await redis.logLength();
    await behind(planned, context, 'without the end of its log', since, async (prng) => {
      await redis.node.kill();
      await redis.cutLog(Math.min(await redis.logLength(), length + prng.between(0, TORN_BYTES)));
    });
  },

  async 'redis-promotion'(planned, context) {
    const { cluster, loses, signal } = context;
    const redis = needed(cluster.redis);
    const network = needed(cluster.network);
    const prng = createPrng(planned.seed);
    const crash = prng.next() < 0.5;
    const way = `replica-${planned.seed}:redis`;
    const replica = await redis.startReplica(await network.portFor(`replica-${planned.seed}`, 'redis'));
    // On a busy machine a replica lags behind without any fault.
    const since = performance.now();
    await redis.caughtUp(replica);
    await network.trouble([way], { kind: 'silent', requests: true, answers: true });
    const how = `${replica.member.nodeId}, which lacks ${planned.forMs} ms, for one that ${crash ? 'is killed' : 'is demoted'}`;
    const over = await aggravate(prng, context, how);
    try {
      await sleep(planned.forMs, undefined, { signal });
      const old = redis.node;
      const at = performance.now();
      await redis.with((client) => client.replicaof('NO', 'ONE'), replica);
      redis.promoted(replica);
      await network.point('redis', replica.port);
      // Connections to the demoted server stay, as when an address is moved to another server.
      if (crash) await kill(old.member);
      else await redis.follow(old, replica.port);
      loses({ since, at, until: performance.now() });
    } finally {
      await network.trouble([way], undefined, true);
      await over();
    }
  },

  async 'redis-empty'({ forMs, seed }, { cluster, hits, loses, signal }) {
    const { redisClock } = cluster;
    const redis = needed(cluster.redis);
    const prng = createPrng(seed);
    const behindMs = redisClock !== undefined && prng.next() < 0.5 ? prng.between(...CLOCK_BEHIND_MS) : 0;
    hits(`redis, empty after ${forMs} ms${behindMs > 0 ? `, its clock ${behindMs} ms behind` : ''}`);
    const at = performance.now();
    await redis.node.kill();
    loses({ since: 0, at, until: performance.now() });
    await redis.restore(undefined);
    await redisClock?.set(-behindMs);
    try {
      await sleep(forMs, undefined, { signal });
      await redis.node.member.start();
    } finally {
      await redisClock?.set(0);
    }
  },
} satisfies Record<string, ServerFault>;

/** @param lose stops Redis and removes its newest data */
async function behind(
  { forMs, seed }: PlannedFault,
  context: ServerFaultContext,
  what: string,
  since: number,
  lose: (prng: Prng) => Promise<void>,
): Promise<void> {
  const prng = createPrng(seed);
  const over = await aggravate(prng, context, `redis ${what}, ${forMs} ms of it`);
  try {
    await sleep(forMs, undefined, { signal: context.signal });
    const at = performance.now();
    await lose(prng);
    context.loses({ since, at, until: performance.now() });
    await needed(context.cluster.redis).node.member.start();
  } finally {
    await over();
  }
}

/** @returns a function that ends it */
async function aggravate(
  prng: Prng,
  { cluster, hits, cutsOff }: ServerFaultContext,
  what: string,
): Promise<() => Promise<void>> {
  const archivers = prng.next() < 0.5 ? running(cluster.archivers) : [];
  const gateway = prng.next() < 0.5 ? prng.pick(running(cluster.gateways)) : undefined;
  hits(
    [
      what,
      ...(archivers.length > 0 ? ['nothing archived meanwhile'] : []),
      ...(gateway === undefined ? [] : [`${gateway.nodeId} cut off before`]),
    ].join('; '),
  );
  const network = needed(cluster.network);
  const ways = gateway === undefined ? [] : [`${gateway.nodeId}:redis`];
  // Killed instead of stopped: a stopping archiver would store what it had read.
  for (const archiver of archivers) await kill(archiver);
  if (gateway !== undefined) cutsOff([gateway.nodeId]);
  await network.trouble(ways, { kind: 'silent', requests: true, answers: true });
  return async () => {
    await network.trouble(ways, undefined, true);
    await Promise.all(archivers.map((archiver) => archiver.start()));
  };
}

async function kill(member: Member): Promise<void> {
  const ended = member.exited();
  member.kill('SIGKILL');
  await ended;
}
