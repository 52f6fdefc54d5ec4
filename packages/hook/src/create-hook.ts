import type { MessageLimits, Position } from '@chorus/protocol';
import type { Logger, Metrics } from '@chorus/service';
import type { BeforePublish } from './before-publish.js';
import { hookMetrics } from './metrics.js';
import { type HookConfig, hookWarning } from './settings.js';

export interface HookParts {
  readonly limits: MessageLimits;
  /** Undefined if metrics are not collected. */
  readonly metrics: Metrics | undefined;
  readonly log: Logger;
  /** See `Broker.publishedWith`. */
  publishedWith(roomId: number, key: string): Promise<Position | undefined>;
}

/** Bytes of an answer besides text and data, and of a character or byte of those in JSON, at most. */
const ANSWER_BYTES = 4_096;
const BYTES_PER_UNIT = 6;

/** Creates the hook; undefined without a URL. Its HTTP client is loaded only here, and only if there is one. */
export async function createHook(
  config: HookConfig | undefined,
  parts: HookParts,
): Promise<BeforePublish | undefined> {
  const metrics = hookMetrics(parts.metrics);
  if (config === undefined) return undefined;
  const warning = hookWarning(config);
  if (warning !== undefined) parts.log.warn(warning);
  const [{ BeforePublish }, { Endpoint }] = await Promise.all([
    import('./before-publish.js'),
    import('./endpoint.js'),
  ]);
  const { maxMessageLength, maxDataBytes } = parts.limits;
  const endpoint = new Endpoint(config, ANSWER_BYTES + BYTES_PER_UNIT * (maxMessageLength + maxDataBytes));
  return new BeforePublish(config, { ...parts, endpoint, metrics });
}
