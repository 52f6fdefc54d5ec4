import type { Latency, LoadResult, ProcessCost } from '../result.js';
import { deliveredRate } from '../thresholds.js';
import { formatBytes, formatCount, formatDuration, formatMicros, formatMs, formatRate } from './format.js';

/** A figure in the table and the page. */
export interface Row {
  readonly label: string;
  readonly value: string;
  /** Text beside the figure. */
  readonly note?: string;
  /** Whether the figure is as it should be; undefined where that is a matter of opinion. */
  readonly good?: boolean;
}

export interface Section {
  readonly title: string;
  readonly rows: readonly Row[];
}

/** Returns the whole result except for what is a table or a plot of its own. */
export function sectionsOf(result: LoadResult): Section[] {
  return [
    scenarioSection(result),
    connectSection(result),
    trafficSection(result),
    verdictSection(result),
  ].filter(({ rows }) => rows.length > 0);
}

function scenarioSection({ scenario, tool }: LoadResult): Section {
  const { connections, rooms, membersPerRoom, mix, senders, rate, payload, churn } = scenario;
  const rows: Row[] = [
    { label: 'targets', value: scenario.targets.join(', ') },
    { label: 'sockets', value: `${formatCount(connections)}, ${scenario.protocol}` },
    { label: 'rooms', value: `${formatCount(rooms)} of ${formatCount(membersPerRoom)}`, note: mix },
    {
      label: 'load',
      value: `${formatRate(rate)} by ${senders === undefined ? 'all' : formatCount(senders)}`,
      note: `${formatBytes(payload)} each`,
    },
    {
      label: 'time',
      value: formatDuration(scenario.durationMs),
      note: `after a warm-up of ${formatDuration(scenario.warmUpMs)}`,
    },
  ];
  if (churn > 0) {
    const away = scenario.churnAwayMs > 0 ? `, away for ${formatDuration(scenario.churnAwayMs)}` : '';
    rows.push({ label: 'churn', value: `${formatRate(churn)}${away}` });
  }
  if (scenario.slowReaders > 0)
    rows.push({ label: 'slow readers', value: formatCount(scenario.slowReaders) });
  const processes = scenario.workers === 1 ? '1 process' : `${scenario.workers} processes`;
  rows.push({
    label: 'tool',
    value: processes,
    note: `Node ${tool.node.replace(/^v/, '')}, ${tool.cpus} processors`,
  });
  return { title: 'Scenario', rows };
}

function connectSection({ connects, resumes, closes }: LoadResult): Section {
  const rows: Row[] = [
    { label: 'connected', value: formatCount(connects.ok), note: formatRate(connects.perSecond) },
    { label: 'failed', value: formatCount(connects.failed), good: connects.failed === 0 },
    ...reasons(connects.failures),
  ];
  if (connects.ms) rows.push({ label: 'time to connect', ...latencyCells(connects.ms) });
  if (resumes.ok + resumes.unrecovered + resumes.failed > 0) {
    rows.push({ label: 'came back with all', value: formatCount(resumes.ok) });
    rows.push({
      label: 'without what was missed',
      value: formatCount(resumes.unrecovered),
      good: resumes.unrecovered === 0,
    });
    rows.push({ label: 'did not come back', value: formatCount(resumes.failed), good: resumes.failed === 0 });
    if (resumes.ms) rows.push({ label: 'time to catch up', ...latencyCells(resumes.ms) });
    if (resumes.replayMs) rows.push({ label: 'with a socket again', ...latencyCells(resumes.replayMs) });
  }
  for (const [code, count] of Object.entries(closes)) {
    rows.push({ label: `closed with ${code}`, value: formatCount(count), good: false });
  }
  return { title: 'Connections', rows };
}

function trafficSection(result: LoadResult): Section {
  const { messages } = result;
  const rate = (count: number) => formatRate(messages.seconds > 0 ? count / messages.seconds : 0);
  const rows: Row[] = [
    { label: 'sent', value: formatCount(messages.sent), note: rate(messages.sent) },
    { label: 'acked', value: formatCount(messages.acked), note: rate(messages.acked) },
    { label: 'delivered', value: formatCount(messages.delivered), note: formatRate(deliveredRate(result)) },
    ...reasons(messages.refused),
  ];
  if (messages.deliveryMs) rows.push({ label: 'delivery', ...latencyCells(messages.deliveryMs) });
  if (messages.ackMs) rows.push({ label: 'ack', ...latencyCells(messages.ackMs) });
  return { title: 'Messages', rows };
}

function verdictSection({ verdict }: LoadResult): Section {
  const figure = (label: string, count: number): Row => ({
    label,
    value: formatCount(count),
    good: count === 0,
  });
  return {
    title: 'Verdict',
    rows: [
      { label: 'expected', value: formatCount(verdict.expected), note: 'deliveries, warm-up included' },
      { label: 'arrived', value: formatCount(verdict.delivered), note: 'warm-up included' },
      figure('lost', verdict.lost),
      figure('duplicated', verdict.duplicated),
      figure('out of order', verdict.outOfOrder),
      figure('order disagreements', verdict.orderDisagreements),
      figure('in the wrong room', verdict.strays),
    ],
  };
}

/** Percentiles in one line. */
function latencyCells({ p50, p99, p999, max }: Latency): Pick<Row, 'value' | 'note'> {
  return {
    value: `p50 ${formatMs(p50)}, p99 ${formatMs(p99)}`,
    note: `p99.9 ${formatMs(p999)}, max ${formatMs(max)}`,
  };
}

function reasons(counts: Readonly<Record<string, number>>): Row[] {
  return Object.entries(counts)
    .sort(([, one], [, other]) => other - one)
    .map(([why, count]) => ({ label: `– ${why}`, value: formatCount(count), good: false }));
}

/** One row per process: name, processor time, per delivery, memory idle and at the end. */
export interface CostRow {
  readonly name: string;
  readonly cpu: string;
  readonly perDelivery: string;
  readonly before: string;
  readonly connected: string;
  readonly after: string;
}

export function costRows({ costs, messages }: LoadResult): CostRow[] {
  return costs.map(({ name, cpuMicros, residentBytes }: ProcessCost) => ({
    name,
    cpu: cpuMicros === undefined ? '–' : formatMicros(cpuMicros),
    perDelivery:
      cpuMicros === undefined || messages.delivered === 0
        ? '–'
        : formatMicros(cpuMicros / messages.delivered),
    before: residentBytes ? formatBytes(residentBytes.before) : '–',
    connected: residentBytes ? formatBytes(residentBytes.connected) : '–',
    after: residentBytes ? formatBytes(residentBytes.after) : '–',
  }));
}

/** Not all processes that cost something hold connections. */
function memoryLabel(costs: readonly ProcessCost[]): string {
  const all = costs.every(({ holdsConnections = true }) => holdsConnections);
  const names = costs.flatMap(({ name, holdsConnections = true }) => (holdsConnections ? name : []));
  return `memory per connection${all ? '' : ` in ${names.join(', ')}`}`;
}

/** Returns the costs of all processes together, if they are known. */
export function costTotals({ cpuMicrosPerDelivery, bytesPerConnection, costs }: LoadResult): Row[] {
  const rows: Row[] = [];
  if (cpuMicrosPerDelivery !== undefined) {
    rows.push({ label: 'processor time per delivery', value: formatMicros(cpuMicrosPerDelivery) });
  }
  if (bytesPerConnection !== undefined) {
    rows.push({
      label: memoryLabel(costs),
      value: bytesPerConnection > 0 ? formatBytes(bytesPerConnection) : 'too little to be seen',
    });
  }
  return rows;
}
