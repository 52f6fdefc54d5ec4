import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { MetricsText } from '../support/metrics.js';
import { root } from '../support/root.js';

/** The page that documents every metric. */
const PAGE = join(root, 'docs/reference/metrics.md');

interface Documented {
  readonly type: string;
  readonly labels: ReadonlySet<string>;
}

/**
 * What the page says of a service: the tables between `<!-- metrics of A, B -->` and `<!-- /metrics -->` that name it,
 * and those of `every process`.
 */
export function documentedMetrics(
  service: string,
  page = readFileSync(PAGE, 'utf8'),
): Map<string, Documented> {
  const metrics = new Map<string, Documented>();
  for (const [, owners = '', table = ''] of page.matchAll(
    /<!-- metrics of ([^\n]+) -->\n([\s\S]*?)\n<!-- \/metrics -->/g,
  )) {
    if (!['every process', service].some((name) => owners.split(', ').includes(name))) continue;
    for (const row of table.split('\n').slice(2)) {
      const [, names = '', type = '', labels = ''] = row.split('|').map((cell) => cell.trim());
      for (const name of inBackticks(names)) {
        if (metrics.has(name)) throw new Error(`${name} is documented twice for ${service}`);
        metrics.set(name, { type, labels: new Set(inBackticks(labels)) });
      }
    }
  }
  return metrics;
}

/**
 * Fails unless the page documents what a running service says, and nothing else: names, types and labels.
 *
 * @param omitted documented metrics that this one does not have, for a reason
 */
export function expectDocumented(
  metrics: MetricsText,
  services: readonly string[],
  omitted: readonly string[] = [],
) {
  const documented = new Map(services.flatMap((service) => [...documentedMetrics(service)]));
  for (const name of omitted) expect(documented.delete(name), `${name} is not documented`).to.equal(true);
  expect([...metrics.families.keys()].sort()).to.deep.equal([...documented.keys()].sort());
  for (const [name, { type, series }] of metrics.families) {
    expect(type, `type of ${name}`).to.equal(documented.get(name)?.type);
    // One without any value yet does not show its labels.
    if (series.size === 0) continue;
    expect([...metrics.labels(name)].sort(), `labels of ${name}`).to.deep.equal(
      [...(documented.get(name)?.labels ?? [])].sort(),
    );
  }
}

function inBackticks(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? '');
}
