import { expect } from 'chai';
import { documentedMetrics } from '../docs/metrics-page.js';
import { readRules } from './monitoring-files.js';
import { type Query, readQuery } from './promql.js';

const SERVICES = ['gateway', 'api', 'archiver', 'dispatcher'];

/** What the scraping adds to every series, in Compose and in Kubernetes. */
const OF_TARGETS = ['job', 'instance', 'namespace'];

/** Series that Prometheus makes itself. */
const OF_PROMETHEUS: ReadonlyMap<string, readonly string[]> = new Map([
  ['up', OF_TARGETS],
  ['ALERTS', ['alertname', 'alertstate', 'severity', ...OF_TARGETS]],
]);

/** Every series that there can be, by name, with its labels; those of a histogram by their own names. */
function knownSeries(): Map<string, ReadonlySet<string>> {
  const known = new Map<string, ReadonlySet<string>>();
  for (const [name, labels] of OF_PROMETHEUS) known.set(name, new Set(labels));
  for (const service of SERVICES) {
    for (const [name, { type, labels }] of documentedMetrics(service)) {
      const all = new Set([...labels, ...OF_TARGETS]);
      if (type !== 'histogram') known.set(name, all);
      else for (const end of ['bucket', 'sum', 'count']) known.set(`${name}_${end}`, withLe(all, end));
    }
  }
  for (const { record, expr } of readRules().recordings) {
    known.set(record, new Set(readQuery(expr).metrics.flatMap((name) => [...(known.get(name) ?? [])])));
  }
  return known;
}

const withLe = (labels: ReadonlySet<string>, end: string): ReadonlySet<string> =>
  end === 'bucket' ? new Set([...labels, 'le']) : labels;

const KNOWN = knownSeries();

/** Fails unless there are such metrics, and each label that is named is one of theirs. */
export function expectKnown(query: Query, where: string): void {
  const labels = new Set<string>();
  for (const name of query.metrics) {
    const found = KNOWN.get(name);
    expect(found, `${where}: ${name}`).not.to.equal(undefined);
    for (const label of found ?? []) labels.add(label);
  }
  expect(
    query.labels.filter((label) => !labels.has(label)),
    `${where}: labels`,
  ).to.deep.equal([]);
}

/** Metrics of ours, histograms by their own names, that are not among these. */
export function oursWithout(seen: ReadonlySet<string>): string[] {
  const names = SERVICES.flatMap((service) => [...documentedMetrics(service)])
    .filter(([name]) => name.startsWith('chorus_'))
    .map(([name, { type }]) => (type === 'histogram' ? `${name}_bucket` : name));
  return [...new Set(names)].filter((name) => !seen.has(name));
}
