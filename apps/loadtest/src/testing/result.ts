import type { Latency, LoadResult, Moment } from '../result.js';
import { type Scenario, scenarioSchema } from '../scenario.js';

/** Returns an invented result without violations, with `changes`. */
export function madeUpResult(
  changes: Partial<LoadResult> = {},
  scenario: Partial<Scenario> = {},
): LoadResult {
  const deliveryMs = madeUpLatency(12_000, 2.1);
  const ackMs = madeUpLatency(1_200, 1.4);
  return {
    scenario: scenarioSchema.parse({
      targets: ['ws://127.0.0.1:4001', 'ws://127.0.0.1:4002'],
      connections: 1_000,
      durationMs: 12_000,
      ...scenario,
    }),
    startedAt: '2026-01-02T03:04:05.678Z',
    tool: { version: '0.1.0', node: '20.20.2', cpus: 2, fileDescriptors: 20_000, bottlenecks: [] },
    connects: { ok: 1_000, failed: 0, failures: {}, perSecond: 498, ms: madeUpLatency(1_000, 0.9) },
    messages: { seconds: 12, sent: 1_200, acked: 1_200, delivered: 12_000, refused: {}, ackMs, deliveryMs },
    verdict: {
      expected: 15_000,
      delivered: 15_000,
      lost: 0,
      duplicated: 0,
      outOfOrder: 0,
      orderDisagreements: 0,
      strays: 0,
      examples: [],
    },
    closes: {},
    resumes: {
      ok: 0,
      unrecovered: 0,
      failed: 0,
      ms: undefined,
      replayMs: undefined,
      perConnection: [1_000],
    },
    nodes: ['ws://127.0.0.1:4001', 'ws://127.0.0.1:4002'].map((target) => ({
      target,
      connections: 500,
      delivered: 6_000,
      deliveryMs,
      ackMs,
      warmUpMs: deliveryMs,
    })),
    costs: [],
    cpuMicrosPerDelivery: undefined,
    bytesPerConnection: undefined,
    timeline: Array.from({ length: 15 }, (_, index) => madeUpMoment(index + 1)),
    ...changes,
  };
}

export function madeUpLatency(count: number, p50: number): Latency {
  const buckets = Array.from({ length: 24 }, (_, index) => ({
    upTo: p50 * 1.3 ** (index - 8),
    count: Math.round(count * 0.15 * Math.exp(-(((index - 8) / 3.2) ** 2))),
  }));
  return { count, p50, p90: p50 * 1.8, p99: p50 * 4, p999: p50 * 9, max: p50 * 20, buckets };
}

function madeUpMoment(at: number): Moment {
  const connected = Math.min(1_000, at * 500);
  const wave = 1 + Math.sin(at) / 4;
  return {
    at,
    connections: 1_000,
    connected,
    connectFailures: 0,
    sent: at < 3 ? 0 : 100,
    acked: at < 3 ? 0 : 100,
    delivered: at < 3 ? 0 : Math.round(1_000 * wave),
    reconnects: 0,
    ackMs: at < 3 ? undefined : madeUpLatency(100, 1.4 * wave),
    deliveryMs: at < 3 ? undefined : madeUpLatency(1_000, 2.1 * wave),
    toolDelayMs: 0.6 * wave,
    toolBusy: 0.2 * wave,
  };
}
