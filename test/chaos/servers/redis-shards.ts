import { setTimeout as sleep } from 'node:timers/promises';
import { clusterArgs, formRedisCluster, freePort } from '@chorus/local';
import type { Closeable } from '@chorus/service';
import { eventually, patiently } from '@chorus/testing';
import { RedisNode } from './redis-node.js';

const MASTERS = 3;
/** Longest time until servers agree, or a replica is in step, on an idle machine, in milliseconds. */
const AGREED_MS = 30_000;
const LOOK_MS = 20;
/** Keys that move at once. */
const KEYS_AT_ONCE = 5;
/** Time that a server has to move them, in milliseconds. */
const MIGRATE_MS = 5_000;

/** Slots of one master, as a server knows them. */
interface Range {
  readonly from: number;
  readonly to: number;
  readonly master: RedisNode;
  readonly replicas: readonly RedisNode[];
}

/** A Redis Cluster of three masters with a replica each. Servers change their roles. */
export class ChaosShards implements Closeable {
  private constructor(private readonly nodes: readonly RedisNode[]) {}

  /** @param downAfterMs time without an answer after which a master counts as failed, in milliseconds; by default two seconds */
  static async start(downAfterMs?: number): Promise<ChaosShards> {
    const nodes: RedisNode[] = [];
    const servers = [];
    const shards = new ChaosShards(nodes);
    try {
      for (let index = 1; index <= 2 * MASTERS; index++) {
        const busPort = await freePort();
        const node = await RedisNode.create(`redis-${index}`, clusterArgs(busPort, downAfterMs));
        nodes.push(node);
        await node.member.start();
        servers.push({ port: node.port, busPort });
      }
      await formRedisCluster(servers.slice(0, MASTERS), servers.slice(MASTERS));
      await shards.agreed();
      return shards;
    } catch (error) {
      await shards.close();
      throw error;
    }
  }

  /** Value of `REDIS_URL` for processes: seed nodes. */
  get url(): string {
    return this.nodes.map(({ port }) => `redis://127.0.0.1:${port}`).join(',');
  }

  /** The servers that own slots, as the first running server knows them. */
  async masters(): Promise<RedisNode[]> {
    return [...new Set((await this.#ranges(this.#anyOther(undefined))).map(({ master }) => master))];
  }

  /**
   * Returns the owner of a slot, and its replicas.
   * @param except a server that is not asked
   */
  async ownerOf(slot: number, except?: RedisNode): Promise<Pick<Range, 'master' | 'replicas'>> {
    const ranges = await this.#ranges(this.#anyOther(except));
    const range = ranges.find(({ from, to }) => from <= slot && slot <= to);
    if (range === undefined) throw new Error(`no server owns the slot ${slot}`);
    return range;
  }

  /** Resolves when a server other than this one owns the slot. */
  async takenOver(slot: number, from: RedisNode, signal: AbortSignal): Promise<RedisNode> {
    const deadline = performance.now() + patiently(AGREED_MS);
    while (performance.now() < deadline) {
      const { master } = await this.ownerOf(slot, from);
      if (master !== from) return master;
      await sleep(LOOK_MS, undefined, { signal });
    }
    throw new Error('no replica took over');
  }

  slotOf(key: string): Promise<number> {
    return this.#anyOther(undefined).with(async (redis) =>
      Number(await redis.call('CLUSTER', 'KEYSLOT', key)),
    );
  }

  /** A hash tag whose slot this server owns. */
  async tagOf(node: RedisNode): Promise<string> {
    const ranges = await this.#ranges(node);
    for (let tag = 0; ; tag++) {
      const slot = await this.slotOf(String(tag));
      if (ranges.some(({ from, to, master }) => master === node && from <= slot && slot <= to))
        return String(tag);
    }
  }

  /**
   * Moves a slot with its keys, while clients use them.
   * @param forMs time that it takes at least, in milliseconds
   */
  async move(slot: number, target: RedisNode, forMs: number, signal: AbortSignal): Promise<void> {
    const { master: source } = await this.ownerOf(slot);
    const id = (node: RedisNode): Promise<string> =>
      node.with(async (redis) => String(await redis.cluster('MYID')));
    const [sourceId, targetId] = [await id(source), await id(target)];
    await target.with((redis) => redis.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', sourceId));
    await source.with((redis) => redis.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', targetId));
    await source.with(async (redis) => {
      const count = Number(await redis.call('CLUSTER', 'COUNTKEYSINSLOT', slot));
      const pauseMs = forMs / Math.ceil((count + 1) / KEYS_AT_ONCE);
      for (;;) {
        const keys = await redis.call('CLUSTER', 'GETKEYSINSLOT', slot, KEYS_AT_ONCE);
        if (!Array.isArray(keys) || keys.length === 0) break;
        const to = ['127.0.0.1', target.port, '', 0, MIGRATE_MS] as const;
        await redis.call('MIGRATE', ...to, 'KEYS', ...keys.map(String));
        await sleep(pauseMs, undefined, { signal });
      }
    });
    // The target first: if it failed after the source was told, the slot would have no owner.
    for (const node of new Set([target, source, ...(await this.masters())])) {
      await node.with((redis) => redis.call('CLUSTER', 'SETSLOT', slot, 'NODE', targetId));
    }
  }

  /** Resolves when all servers run, agree on the owners of all slots, and each master has a replica with all its data. */
  async agreed(): Promise<void> {
    await eventually(async () => {
      const views = new Set<string>();
      for (const node of this.nodes) {
        const info = await node.with((redis) => redis.info());
        const lacking = ['aof_rewrite_in_progress:0', 'aof_rewrite_scheduled:0'].filter(
          (line) => !info.includes(line),
        );
        if (info.includes('role:slave') && !info.includes('master_link_status:up'))
          lacking.push('a link to its master');
        if (lacking.length > 0) throw new Error(`${node.member.nodeId} lacks ${lacking.join(', ')}`);
        const ranges = await this.#ranges(node);
        if (ranges.some(({ replicas }) => replicas.length !== 1)) throw new Error('a master has no replica');
        const view = ranges.map(({ from, to, master }) => `${from}-${to} ${master.port}`);
        views.add(view.sort().join());
      }
      if (views.size > 1) throw new Error('the servers do not agree');
    }, AGREED_MS);
  }

  async close(): Promise<void> {
    for (const node of this.nodes) await node.close();
  }

  #anyOther(except: RedisNode | undefined): RedisNode {
    const node = this.nodes.find((each) => each !== except && each.member.running);
    if (node === undefined) throw new Error('no server runs');
    return node;
  }

  async #ranges(asked: RedisNode): Promise<Range[]> {
    const slots = await asked.with((redis) => redis.cluster('SLOTS'));
    return slots.map(([from, to, ...servers]) => {
      const [master, ...replicas] = servers.map(([, port]) =>
        this.nodes.find((node) => node.port === Number(port)),
      );
      if (master === undefined) throw new Error('an unknown server owns slots');
      return { from, to, master, replicas: replicas.filter((node) => node !== undefined) };
    });
  }
}
