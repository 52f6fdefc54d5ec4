import { setTimeout as sleep } from 'node:timers/promises';
import { createPrng, eventually } from '@chorus/testing';
import type { Redis } from 'ioredis';
import { restart } from './process-faults.js';
import { needed, type ServerFault } from './server-fault.js';

interface Refusal {
  readonly what: string;
  begin(redis: Redis): Promise<unknown>;
  end(redis: Redis): Promise<unknown>;
}

/** A port on which nothing can listen. */
const NOWHERE = 1;

/** Ways in which a responding server refuses to write. */
const REFUSALS: readonly Refusal[] = [
  {
    what: 'its memory is full',
    begin: (redis) => redis.call('CONFIG', 'SET', 'maxmemory', '1'),
    end: (redis) => redis.call('CONFIG', 'SET', 'maxmemory', '0'),
  },
  {
    what: 'it is a replica',
    begin: (redis) => redis.call('REPLICAOF', '127.0.0.1', String(NOWHERE)),
    end: (redis) => redis.call('REPLICAOF', 'NO', 'ONE'),
  },
  {
    what: 'it lacks replicas',
    begin: (redis) => redis.call('CONFIG', 'SET', 'min-replicas-to-write', '1'),
    end: (redis) => redis.call('CONFIG', 'SET', 'min-replicas-to-write', '0'),
  },
];

const STEP_MS = [2_000, 90_000] as const;

/** A Redis that ends, hangs or refuses, and keeps what it acknowledged. */
export const REDIS_FAULTS = {
  'redis-restart': (planned, context) =>
    restart(needed(context.cluster.redis).node.member, 'SIGTERM', planned, context),
  'redis-kill': (planned, context) =>
    restart(needed(context.cluster.redis).node.member, 'SIGKILL', planned, context),

  async 'redis-freeze'({ forMs }, { cluster, hits, signal }) {
    const { member } = needed(cluster.redis).node;
    hits(`redis (pid ${member.pid}) for ${forMs} ms`);
    member.kill('SIGSTOP');
    try {
      await sleep(forMs, undefined, { signal });
    } finally {
      member.kill('SIGCONT');
    }
  },

  async 'redis-refuses'({ forMs, seed }, { cluster, hits, signal }) {
    const { what, begin, end } = createPrng(seed).pick(REFUSALS);
    hits(`redis, writes for ${forMs} ms: ${what}`);
    const redis = needed(cluster.redis);
    await redis.with(begin);
    try {
      await sleep(forMs, undefined, { signal });
    } finally {
      await redis.with(end);
    }
  },

  async 'redis-clock'({ forMs, seed }, { cluster, hits, signal }) {
    const clock = needed(cluster.redisClock);
    const prng = createPrng(seed);
    const offsetMs = prng.pick([-1, 1]) * prng.between(...STEP_MS);
    hits(`the clock of redis by ${offsetMs} ms for ${forMs} ms`);
    await clock.set(offsetMs);
    try {
      await sleep(forMs, undefined, { signal });
    } finally {
      await clock.set(0);
    }
  },

  async 'subscriber-cut'(_planned, { cluster, hits }) {
    const cut = () => cluster.atEachPrimary((redis) => redis.client('KILL', 'TYPE', 'pubsub'));
    // The server may still be recovering from the previous outage.
    hits(`${(await eventually(cut)).join(' + ')} subscribers`);
  },
} satisfies Record<string, ServerFault>;
