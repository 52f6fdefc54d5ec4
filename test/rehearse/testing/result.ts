import { type LoadResult, type Moment, scenarioSchema } from '@chorus/loadtest';

/** Changes to the result of a rehearsal without violations; `last` is the last second. */
export interface Changes {
  readonly connects?: Partial<LoadResult['connects']>;
  readonly messages?: Partial<LoadResult['messages']>;
  readonly verdict?: Partial<LoadResult['verdict']>;
  readonly resumes?: Partial<LoadResult['resumes']>;
  readonly last?: Partial<Moment>;
}

/** A made-up result: a thousand clients, all of whom moved once. */
export function madeUpResult({ connects, messages, verdict, resumes, last }: Changes = {}): LoadResult {
  const moments = [moment(1), moment(2), { ...moment(3), ...last }];
  return {
    scenario: scenarioSchema.parse({ targets: ['ws://127.0.0.1:1'], connections: 1_000, rooms: 250 }),
    startedAt: '2026-01-02T03:04:05.678Z',
    tool: { version: '0.1.0', node: '20.20.2', cpus: 2, fileDescriptors: 20_000, bottlenecks: [] },
    connects: { ok: 1_000, failed: 0, failures: {}, perSecond: 500, ms: undefined, ...connects },
    messages: {
      seconds: 12,
      sent: 2_400,
      acked: 2_400,
      delivered: 9_600,
      refused: {},
      ackMs: undefined,
      deliveryMs: undefined,
      ...messages,
    },
    verdict: {
      expected: 10_000,
      delivered: 10_000,
      lost: 0,
      duplicated: 0,
      outOfOrder: 0,
      orderDisagreements: 0,
      strays: 0,
      examples: [],
      ...verdict,
    },
    closes: { 1012: 1_000 },
    resumes: {
      ok: 1_000,
      unrecovered: 0,
      failed: 0,
      ms: undefined,
      replayMs: undefined,
      perConnection: [0, 1_000],
      ...resumes,
    },
    nodes: [],
    costs: [],
    cpuMicrosPerDelivery: undefined,
    bytesPerConnection: undefined,
    timeline: moments,
  };
}

function moment(at: number): Moment {
  return {
    at,
    connections: 1_000,
    connected: 1_000,
    connectFailures: 0,
    sent: 200,
    acked: 200,
    delivered: 800,
    reconnects: 400,
    ackMs: undefined,
    deliveryMs: undefined,
    toolDelayMs: 1,
    toolBusy: 0.2,
  };
}
