import type { RedisClient } from '@chorus/redis';

/** What a Redis has done since its start. */
export interface RedisWork {
  readonly at: number;
  /** Processor time, in microseconds. */
  readonly micros: number;
  /** Commands, those of scripts included. */
  readonly commands: number;
  /** Bytes sent to clients. */
  readonly sentBytes: number;
  /** Calls by command. */
  readonly calls: Readonly<Record<string, number>>;
}

export async function redisWork(redis: RedisClient): Promise<RedisWork> {
  const info = await redis.info('everything');
  const number = (name: string): number => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1] ?? 0);
  const calls = [...info.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)].map(
    ([, name = '', count]) => [name, Number(count)] as const,
  );
  return {
    at: performance.now(),
    micros: (number('used_cpu_user') + number('used_cpu_sys')) * 1_000_000,
    commands: number('total_commands_processed'),
    sentBytes: number('total_net_output_bytes'),
    calls: Object.fromEntries(calls),
  };
}
