import { cp, mkdtemp, readdir, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Closeable } from '@chorus/service';
import { eventually } from '@chorus/testing';
import type { Redis } from 'ioredis';
import type { RedisClock } from './redis-clock.js';
import { RedisNode } from './redis-node.js';

/** The data of a server at one moment. */
export interface SavedData {
  readonly folder: string;
}

/** Longest time for a replica to copy everything, on a busy machine, in milliseconds. */
const IN_STEP_MS = 30_000;
/** Redis' name for the folder of its append-only log. */
const LOG_FOLDER = 'appendonlydir';

/**
 * The Redis of a run: keeps what it acknowledged, unless a fault removes it. The server changes when a replica takes
 * over.
 */
export class ChaosRedis implements Closeable {
  readonly #nodes: RedisNode[] = [];
  readonly #saved: string[] = [];
  #current: RedisNode | undefined;

  private constructor(private readonly clock: RedisClock | undefined) {}

  /** @param clock controls the server's wall clock */
  static async start(clock?: RedisClock): Promise<ChaosRedis> {
    const redis = new ChaosRedis(clock);
    try {
      redis.#current = await redis.#launch('redis');
      return redis;
    } catch (error) {
      await redis.close();
      throw error;
    }
  }

  /** The current server. */
  get node(): RedisNode {
    if (this.#current === undefined) throw new Error('there is no Redis');
    return this.#current;
  }

  /** Every server but the current one. */
  get replicas(): readonly RedisNode[] {
    return this.#nodes.filter((node) => node !== this.#current);
  }

  /** URL of the server itself, without a proxy. */
  get url(): string {
    return `redis://127.0.0.1:${this.node.port}`;
  }

  /** Runs an action with a connection of its own, which is closed afterwards. */
  with<T>(action: (redis: Redis) => Promise<T>, node = this.node): Promise<T> {
    return node.with(action);
  }

  /** Copies the current data. A command that is being written may be cut; Redis drops it at its start. */
  async save(): Promise<SavedData> {
    const folder = await mkdtemp(join(tmpdir(), 'chorus-chaos-saved-'));
    this.#saved.push(folder);
    await cp(join(this.node.folder, LOG_FOLDER), folder, { recursive: true });
    return { folder };
  }

  /** Replaces the data of the server, which must not run. @param saved undefined: without data */
  async restore(saved: SavedData | undefined): Promise<void> {
    const log = join(this.node.folder, LOG_FOLDER);
    await rm(log, { recursive: true });
    if (saved !== undefined) await cp(saved.folder, log, { recursive: true });
  }

  /** Returns the length of the log's current file, in bytes. */
  async logLength(): Promise<number> {
    return (await stat(await this.#log())).size;
  }

  /** Cuts the log of the server, which must not run. @param length in bytes */
  async cutLog(length: number): Promise<void> {
    await truncate(await this.#log(), length);
  }

  /** @param upstreamPort port of the server to copy; resolves when the replica has all data */
  async startReplica(upstreamPort: number): Promise<RedisNode> {
    const replica = await this.#launch(`redis-${this.#nodes.length + 1}`);
    // By a command, not by an argument: after it has taken over it is restarted as no replica.
    await this.follow(replica, upstreamPort);
    await this.inStep(replica, upstreamPort);
    return replica;
  }

  /** Makes a server a replica. */
  async follow(node: RedisNode, upstreamPort: number): Promise<void> {
    await this.with((redis) => redis.replicaof('127.0.0.1', upstreamPort), node);
  }

  /** Resolves when a server is a replica of this upstream, and has all its data. */
  async inStep(replica: RedisNode, upstreamPort: number): Promise<void> {
    // All data must be on its disk as well: a copy is first written to a new log.
    const wanted = [
      ...[`master_port:${upstreamPort}\r`, 'master_link_status:up'],
      ...['aof_rewrite_in_progress:0', 'aof_rewrite_scheduled:0'],
    ];
    await eventually(async () => {
      const state = await this.with((redis) => redis.info(), replica);
      const lacking = wanted.filter((line) => !state.includes(line));
      if (lacking.length > 0) throw new Error(`the replica is not in step: ${lacking.join(', ')}`);
    }, IN_STEP_MS);
  }

  /** Resolves when a replica has everything that the current server had acknowledged before the call. */
  async caughtUp(replica: RedisNode): Promise<void> {
    const offset = async (field: string, node: RedisNode): Promise<number> => {
      const state = await this.with((redis) => redis.info('replication'), node);
      return Number(new RegExp(`^${field}:(\\d+)`, 'm').exec(state)?.[1]);
    };
    const wanted = await offset('master_repl_offset', this.node);
    await eventually(async () => {
      const reached = await offset('slave_repl_offset', replica);
      if (!(reached >= wanted)) throw new Error(`the replica has ${reached} of ${wanted} bytes`);
    }, IN_STEP_MS);
  }

  /** Makes this server the current one. */
  promoted(node: RedisNode): void {
    this.#current = node;
  }

  async close(): Promise<void> {
    for (const node of this.#nodes) await node.close();
    for (const folder of this.#saved) await rm(folder, { recursive: true, force: true });
  }

  async #launch(nodeId: string): Promise<RedisNode> {
    const node = await RedisNode.create(nodeId, [], this.clock?.env);
    this.#nodes.push(node);
    await node.member.start();
    return node;
  }

  async #log(): Promise<string> {
    const folder = join(this.node.folder, LOG_FOLDER);
    const numberOf = (name: string): number => Number(/\.(\d+)\.incr\.aof$/.exec(name)?.[1] ?? 0);
    const [newest] = (await readdir(folder)).sort((a, b) => numberOf(b) - numberOf(a));
    if (newest === undefined || numberOf(newest) === 0) throw new Error(`there is no log in ${folder}`);
    return join(folder, newest);
  }
}
