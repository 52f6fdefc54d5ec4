import { setTimeout as sleep } from 'node:timers/promises';
import { Keyspace } from '@chorus/redis';
import { createPrng } from '@chorus/testing';
import { ReplicatedUntil } from '../servers/redis-replicated-until.js';
import { needed, type ServerFault } from './server-fault.js';

/** Partitions of rooms that move one after the other. */
const PARTITIONS_MOVED = [1, 4] as const;
/** Time before the failure in which a replica receives nothing. */
const BEHIND_MS = [200, 1_500] as const;

/** Keys of rooms, by the hash tags of their partitions. */
const ROOM_KEY = /^\{chorus:(\d+)\}:room:/;

/** Slots of a Redis Cluster change their owner. */
export const SHARD_FAULTS = {
  async 'redis-slots-move'({ forMs, seed }, { cluster, hits, signal }) {
    const shards = needed(cluster.shards);
    const prng = createPrng(seed);
    const keyspace = new Keyspace('chorus');
    const keys = (await cluster.atEachPrimary((redis) => redis.keys('{chorus:*}:room:*'))).flat();
    const inUse = new Set(keys.flatMap((key) => ROOM_KEY.exec(key)?.[1] ?? []).map(Number));
    const partitions = prng.shuffled([...inUse]).slice(0, prng.between(...PARTITIONS_MOVED));
    const done: string[] = [];
    for (const partition of partitions) {
      const slot = await shards.slotOf(keyspace.partition(partition));
      const { master } = await shards.ownerOf(slot);
      const target = prng.pick((await shards.masters()).filter((node) => node !== master));
      done.push(`partition ${partition} from ${master.member.nodeId} to ${target.member.nodeId}`);
      hits(done.join(', '));
      await shards.move(slot, target, forMs / partitions.length, signal);
    }
    await shards.agreed();
  },

  async 'redis-shard-handover'({ seed }, { cluster, hits, signal }) {
    const shards = needed(cluster.shards);
    const master = createPrng(seed).pick(await shards.masters());
    const slot = await shards.slotOf(await shards.tagOf(master));
    const [replica] = (await shards.ownerOf(slot)).replicas;
    const next = needed(replica);
    hits(`${next.member.nodeId} takes over from ${master.member.nodeId}, which stays`);
    await next.with((redis) => redis.call('CLUSTER', 'FAILOVER'));
    await shards.takenOver(slot, master, signal);
    await shards.agreed();
  },

  async 'redis-shard-kill'({ forMs, seed }, { cluster, hits, loses, primaryNamed, signal }) {
    const shards = needed(cluster.shards);
    const prng = createPrng(seed);
    const master = prng.pick(await shards.masters());
    const tag = await shards.tagOf(master);
    const slot = await shards.slotOf(tag);
    const replica = needed((await shards.ownerOf(slot)).replicas[0]);
    const behindMs = prng.between(...BEHIND_MS);
    const isBehind = prng.next() < 0.5;
    const behind = isBehind ? `; ${replica.member.nodeId} cut off for ${behindMs} ms before` : '';
    const what = `${master.member.nodeId} is killed${behind}`;
    hits(what);
    const ticks = await ReplicatedUntil.start(master, 1, tag);
    let at: number;
    try {
      if (isBehind) await replica.cutOff();
      await sleep(behindMs, undefined, { signal });
      at = performance.now();
      await master.kill();
    } finally {
      await ticks.close();
    }
    const until = performance.now();
    const next = await shards.takenOver(slot, master, signal);
    const namedAt = performance.now();
    primaryNamed(namedAt);
    const since = await ReplicatedUntil.of(next, tag);
    loses({ since, at, until });
    hits(
      `${what}; ${next.member.nodeId} took over after ${Math.round(namedAt - at)} ms, without the last ${Math.round(at - since)} ms`,
    );
    if (isBehind) await next.readmit();
    await sleep(forMs, undefined, { signal });
    await master.member.start();
    await shards.agreed();
  },
} satisfies Record<string, ServerFault>;
