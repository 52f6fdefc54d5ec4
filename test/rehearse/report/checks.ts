import type { LoadResult } from '@chorus/loadtest';
import type { Exit } from '@chorus/local';

/** A target and its result. */
export interface Check {
  readonly name: string;
  readonly wanted: string;
  readonly seen: string;
  readonly holds: boolean;
}

/** What clients must not suffer, however servers are started and stopped, and how these must end. */
export function harmless(result: LoadResult, exits: readonly Exit[]): Check[] {
  return [
    ...unharmed(result),
    {
      name: 'exit codes',
      wanted: 'all 0',
      seen: exits.map(({ code, signal }) => code ?? signal ?? '?').join(' '),
      holds: exits.length > 0 && exits.every(({ code }) => code === 0),
    },
  ];
}

/** What clients must not suffer, whatever happens to servers. */
export function unharmed(result: LoadResult): Check[] {
  const { connects, verdict, resumes, messages, scenario, timeline } = result;
  const refused = Object.values(messages.refused).reduce((sum, count) => sum + count, 0);
  const there = timeline.at(-1)?.connected ?? 0;
  return [
    equal('connected before', scenario.connections, connects.ok),
    equal('messages lost', 0, verdict.lost),
    equal('messages duplicated', 0, verdict.duplicated),
    equal('out of order or place', 0, verdict.outOfOrder + verdict.orderDisagreements + verdict.strays),
    equal('messages refused', 0, refused),
    equal('came back without what they missed', 0, resumes.unrecovered),
    equal('stayed away', 0, Math.max(resumes.failed, scenario.connections - there)),
  ];
}

export function equal(name: string, wanted: number, seen: number): Check {
  return { name, wanted: count(wanted), seen: count(seen), holds: seen === wanted };
}

export function atMost(name: string, limit: number, seen: number, unit = ''): Check {
  return {
    name,
    wanted: `at most ${count(limit)}${unit}`,
    seen: `${count(seen)}${unit}`,
    holds: seen <= limit,
  };
}

export function count(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: value < 100 ? 1 : 0 });
}

/** Returns the largest number of reconnects of one client. */
export function mostReconnects({ resumes }: LoadResult): number {
  return Math.max(0, resumes.perConnection.length - 1);
}

/** Returns the attempts to reconnect in the worst second. */
export function peakReconnects({ timeline }: LoadResult): number {
  return Math.max(0, ...timeline.map(({ reconnects }) => reconnects));
}
