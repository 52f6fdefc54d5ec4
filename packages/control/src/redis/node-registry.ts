import { call, callAll, type Keyspace, milliseconds, type RedisClient } from '@chorus/redis';
import { byNodeId } from '../memory/node-registry.js';
import type { NodeRegistry, NodeReport } from '../node-registry.js';
import { ControlKeys } from './keys.js';
import { defineControlScripts } from './scripts.js';

/** The registry in Redis, one server or a Redis Cluster. The connection is shared and stays open. */
export class RedisNodeRegistry implements NodeRegistry {
  readonly #redis: RedisClient;
  readonly #keys: ControlKeys;

  constructor(redis: RedisClient, keyspace: Keyspace) {
    defineControlScripts(redis);
    this.#redis = redis;
    this.#keys = new ControlKeys(keyspace);
  }

  async report(report: NodeReport, ttlMs: number): Promise<void> {
    const keys = [this.#keys.reports(), this.#keys.reportEnds()];
    await call(() => this.#redis.chorusReport(2, ...keys, report.nodeId, JSON.stringify(report), ttlMs));
  }

  async forget(nodeId: string): Promise<void> {
    await callAll(
      this.#redis,
      this.#redis.multi().hdel(this.#keys.reports(), nodeId).zrem(this.#keys.reportEnds(), nodeId),
    );
  }

  async nodes(): Promise<NodeReport[]> {
    const [time, ends, reports] = await callAll<[[string, string], string[], Record<string, string>]>(
      this.#redis,
      this.#redis
        .multi()
        .time()
        .zrange(this.#keys.reportEnds(), 0, -1, 'WITHSCORES')
        .hgetall(this.#keys.reports()),
    );
    const now = milliseconds(time);
    const nodes: NodeReport[] = [];
    for (let at = 0; at < ends.length; at += 2) {
      const report = reports[ends[at] ?? ''];
      if (report !== undefined && Number(ends[at + 1]) > now) nodes.push(JSON.parse(report) as NodeReport);
    }
    return nodes.sort(byNodeId);
  }
}
