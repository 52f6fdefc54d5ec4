import { decimal, duration, type Reader, wholeNumber } from './cli/units.js';
import type { LoadResult } from './result.js';

interface Threshold {
  /** Name of the option, without its dashes. */
  readonly name: string;
  readonly value: string;
  readonly help: string;
  readonly read: Reader<number>;
  readonly unit: '' | 'ms' | '/s';
  /** Undefined when the run has no such figure. */
  readonly measured: (result: LoadResult) => number | undefined;
}

const count = { value: '<number>', read: wholeNumber(0), unit: '' } as const;
const time = { value: '<time>', read: duration, unit: 'ms' } as const;
const rate = { value: '<rate>', read: decimal('a number per second'), unit: '/s' } as const;

/** Limits that a run can be checked against. */
export const THRESHOLDS = [
  {
    name: 'max-lost',
    ...count,
    help: 'deliveries that did not arrive',
    measured: checked('lost'),
  },
  {
    name: 'max-duplicated',
    ...count,
    help: 'deliveries that arrived twice',
    measured: checked('duplicated'),
  },
  {
    name: 'max-out-of-order',
    ...count,
    help: 'deliveries that arrived after a later message of their sender',
    measured: checked('outOfOrder'),
  },
  {
    name: 'max-disagreements',
    ...count,
    help: 'deliveries in a different order than at other members',
    measured: checked('orderDisagreements'),
  },
  {
    name: 'max-strays',
    ...count,
    help: 'deliveries to users who are not in the room',
    measured: checked('strays'),
  },
  {
    name: 'max-p50',
    ...time,
    help: 'median of delivery times',
    measured: ({ messages }) => messages.deliveryMs?.p50,
  },
  {
    name: 'max-p99',
    ...time,
    help: '99th percentile of delivery times',
    measured: ({ messages }) => messages.deliveryMs?.p99,
  },
  {
    name: 'max-p999',
    ...time,
    help: '99.9th percentile of delivery times',
    measured: ({ messages }) => messages.deliveryMs?.p999,
  },
  {
    name: 'max-ack-p99',
    ...time,
    help: '99th percentile of ack times',
    measured: ({ messages }) => messages.ackMs?.p99,
  },
  {
    name: 'max-connect-failures',
    ...count,
    help: 'failed connects',
    measured: ({ connects }) => connects.failed,
  },
  {
    name: 'max-unrecovered',
    ...count,
    help: 'resumes without the missed messages',
    measured: ({ resumes }) => resumes.unrecovered + resumes.failed,
  },
  { name: 'min-delivered-rate', ...rate, help: 'deliveries per second', measured: deliveredRate },
] as const satisfies readonly Threshold[];

export type ThresholdName = (typeof THRESHOLDS)[number]['name'];
export type Limits = Readonly<Partial<Record<ThresholdName, number>>>;

/** Outcome of a limit. */
export interface Outcome {
  readonly name: ThresholdName;
  readonly limit: number;
  /** Undefined when nothing was measured, which breaks the limit. */
  readonly measured: number | undefined;
  readonly unit: '' | 'ms' | '/s';
  readonly holds: boolean;
}

/** Compares a run with its limits; one outcome per limit. */
export function checkThresholds(limits: Limits, result: LoadResult): Outcome[] {
  return THRESHOLDS.flatMap((threshold) => {
    const { name, unit } = threshold;
    const limit = limits[name];
    if (limit === undefined) return [];
    const measured = threshold.measured(result);
    const holds = measured !== undefined && (name.startsWith('min-') ? measured >= limit : measured <= limit);
    return [{ name, limit, measured, unit, holds }];
  });
}

/** Returns a figure of the verdict; undefined if messages were planned and no member could receive them. */
function checked(name: 'lost' | 'duplicated' | 'outOfOrder' | 'orderDisagreements' | 'strays') {
  return ({ verdict, scenario }: LoadResult): number | undefined =>
    verdict.expected === 0 && scenario.rate > 0 && scenario.senders !== 0 ? undefined : verdict[name];
}

/** Returns deliveries per second after the warm-up. */
export function deliveredRate({ messages }: LoadResult): number {
  return messages.seconds > 0 ? messages.delivered / messages.seconds : 0;
}

/** Returns one line, such as `--max-p99 is broken: 61.2 ms, allowed: 50 ms`. */
export function describeOutcome({ name, limit, measured, unit, holds }: Outcome): string {
  const figure = (value: number): string => `${Number(value.toFixed(2))}${unit === 'ms' ? ' ms' : unit}`;
  const allowed = name.startsWith('min-') ? 'wanted' : 'allowed';
  const was = measured === undefined ? 'nothing was measured' : figure(measured);
  return `--${name} ${holds ? 'holds' : 'is broken'}: ${was}, ${allowed}: ${figure(limit)}`;
}
