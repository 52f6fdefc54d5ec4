import type { Metrics } from '@chorus/service';
import type { RedisWatch } from './connection/watch.js';

/** Registers metrics of the watched connections to Redis. */
export function addRedisMetrics(metrics: Metrics, watch: RedisWatch): void {
  metrics.gaugeBy(
    'chorus_redis_connected',
    'purpose',
    'Whether the connection to Redis answers commands, 0 or 1.',
    () => watch.connected,
  );
  metrics.counterBy(
    'chorus_redis_errors_total',
    'purpose',
    'Connections to Redis that broke, and attempts to connect that failed.',
    () => watch.errors,
  );
  metrics.counterBy(
    'chorus_redis_refusals_total',
    'code',
    'Answers by which Redis refused to do its work, such as READONLY, OOM or NOPERM.',
    () => watch.refusals,
  );
}
