import type { Fault } from '../history/history.js';
import type { HistoryIndex } from '../history/index-history.js';
import { firstSentAt } from './figures.js';
import { percentile } from './percentile.js';

/** What happened in one short interval. */
export interface Moment {
  /** Its beginning after the first event of the run, in milliseconds. */
  readonly atMs: number;
  readonly deliveries: number;
  /** From sending to delivery, in milliseconds; undefined without deliveries. */
  readonly p50: number | undefined;
  readonly p99: number | undefined;
  readonly connects: number;
}

export interface Timeline {
  readonly stepMs: number;
  readonly moments: readonly Moment[];
  /** The faults of the history, with times after the first event of the run. */
  readonly faults: readonly Fault[];
}

const STEP_MS = 250;

/** The run in steps of a quarter of a second. */
export function timelineOf(index: HistoryIndex): Timeline {
  const { clients, faults } = index.history;
  const sentAt = firstSentAt(index);
  const begin = Math.min(...clients.map(({ events }) => events[0]?.at ?? Number.POSITIVE_INFINITY));
  const steps: Array<{ latencies: number[]; connects: number }> = [];
  const stepAt = (at: number): { latencies: number[]; connects: number } => {
    const step = Math.floor((at - begin) / STEP_MS);
    while (steps.length <= step) steps.push({ latencies: [], connects: 0 });
    return steps[step] ?? { latencies: [], connects: 0 };
  };
  for (const { events } of clients) {
    for (const event of events) {
      if (event.type === 'connected') stepAt(event.at).connects++;
      else if (event.type === 'message') {
        const sent = sentAt.get(event.message.id);
        if (sent !== undefined) stepAt(event.at).latencies.push(event.at - sent);
      }
    }
  }
  return {
    stepMs: STEP_MS,
    moments: steps.map(({ latencies, connects }, step) => {
      const sorted = latencies.sort((a, b) => a - b);
      const known = sorted.length > 0;
      return {
        ...{ atMs: step * STEP_MS, deliveries: sorted.length, connects },
        p50: known ? percentile(sorted, 0.5) : undefined,
        p99: known ? percentile(sorted, 0.99) : undefined,
      };
    }),
    faults: faults.map((fault) => ({
      ...fault,
      startedAt: fault.startedAt - begin,
      endedAt: fault.endedAt - begin,
    })),
  };
}
