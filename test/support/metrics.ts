import { request } from './clients/people.js';

/** One metric of a text in the format of Prometheus. */
export interface MetricFamily {
  readonly type: string;
  /** Each with its labels as they are written, or none, and its value. */
  readonly series: Map<string, number>;
}

/** What a process says on its operator port. */
export class MetricsText {
  readonly families = new Map<string, MetricFamily>();

  constructor(readonly text: string) {
    let family: MetricFamily | undefined;
    for (const line of text.split('\n')) {
      const [, name, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
      if (name !== undefined && type !== undefined) {
        family = { type, series: new Map() };
        this.families.set(name, family);
      }
      const [, series, value] = /^([a-z]\S*(?:\{.*\})?) (\S+)$/.exec(line) ?? [];
      if (series !== undefined) family?.series.set(series, Number(value));
    }
  }

  /** The value of one series, written as in the text: `name{label="value"}`. */
  value(series: string): number {
    const family =
      this.families.get(series.replace(/(_bucket|_sum|_count)?(\{.*)?$/, '')) ?? this.#plain(series);
    const value = family?.series.get(series);
    if (value === undefined) throw new Error(`there is no ${series} in:\n${this.text}`);
    return value;
  }

  /** How many series there are. */
  get size(): number {
    return [...this.families.values()].reduce((sum, { series }) => sum + series.size, 0);
  }

  /** The names of the labels of a metric, without those that every histogram has. */
  labels(name: string): Set<string> {
    const labels = new Set<string>();
    for (const series of this.families.get(name)?.series.keys() ?? []) {
      for (const [, label] of series.matchAll(/([a-z_]+)="/g)) {
        if (label !== undefined && label !== 'le') labels.add(label);
      }
    }
    return labels;
  }

  #plain(series: string): MetricFamily | undefined {
    return this.families.get(series.replace(/\{.*$/, ''));
  }
}

/** @param url of an operator port */
export async function readMetrics(url: string): Promise<MetricsText> {
  const { status, body } = await request(`${url}/metrics`);
  if (status !== 200) throw new Error(`the metrics cannot be had: ${status}`);
  return new MetricsText(body as string);
}
