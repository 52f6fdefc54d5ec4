import * as hdr from 'hdr-histogram-js';
import type { Latency } from '../result.js';

const MAX_MICROS = 3_600_000_000;
/**
 * Values below this number of microseconds are counted in a plain table: recording costs a tenth of the library's.
 */
const DIRECT = 65_536;
const NONE = new Uint32Array(0);

/** Durations in microseconds, with three significant digits. */
export class Histogram {
  readonly #all = new hdr.Int32Histogram(1, MAX_MICROS, 3);
  /** Allocated on demand: histograms that only add others never record. */
  #direct: Uint32Array = NONE;
  #highest = 0;
  #pending = false;

  /** @param millis negative values count as 0 */
  record(millis: number): void {
    const micros = Math.round(millis * 1_000);
    if (micros < DIRECT) {
      if (this.#direct.length === 0) this.#direct = new Uint32Array(DIRECT);
      const at = Math.max(0, micros);
      this.#direct[at] = (this.#direct[at] ?? 0) + 1;
      if (at > this.#highest) this.#highest = at;
      this.#pending = true;
    } else this.#all.recordValue(Math.min(micros, MAX_MICROS));
  }

  get count(): number {
    this.#settle();
    return this.#all.totalCount;
  }

  /** Milliseconds; 0 when nothing was counted. */
  percentile(percent: number): number {
    this.#settle();
    return this.#all.totalCount === 0 ? 0 : this.#all.getValueAtPercentile(percent) / 1_000;
  }

  encode(): string {
    this.#settle();
    return hdr.encodeIntoCompressedBase64(this.#all);
  }

  /** Adds the counts of another, encoded histogram. */
  add(encoded: string): void {
    const other = hdr.decodeFromCompressedBase64(encoded);
    if (other instanceof hdr.JsHistogram) this.#all.add(other);
  }

  reset(): void {
    this.#settle();
    this.#all.reset();
  }

  latency(): Latency | undefined {
    const count = this.count;
    if (count === 0) return undefined;
    return {
      count,
      p50: this.percentile(50),
      p90: this.percentile(90),
      p99: this.percentile(99),
      p999: this.percentile(99.9),
      max: this.#all.maxValue / 1_000,
      buckets: this.#buckets(),
    };
  }

  /** Three per doubling, from the smallest to the largest value. */
  #buckets(): Array<{ upTo: number; count: number }> {
    const counts = new Map<number, number>();
    const values = this.#all.recordedValuesIterator;
    values.reset();
    while (values.hasNext()) {
      const { valueIteratedTo, countAtValueIteratedTo } = values.next();
      const edge = Math.ceil(3 * Math.log2(Math.max(1, valueIteratedTo)));
      counts.set(edge, (counts.get(edge) ?? 0) + countAtValueIteratedTo);
    }
    const edges = [...counts.keys()];
    const buckets: Array<{ upTo: number; count: number }> = [];
    for (let edge = Math.min(...edges); edge <= Math.max(...edges); edge++) {
      buckets.push({ upTo: Math.round(2 ** (edge / 3)) / 1_000, count: counts.get(edge) ?? 0 });
    }
    return buckets;
  }

  /** Moves the direct counts to where they can be read. */
  #settle(): void {
    if (!this.#pending) return;
    this.#pending = false;
    const direct = this.#direct;
    for (let micros = 0; micros <= this.#highest; micros++) {
      const count = direct[micros] ?? 0;
      if (count > 0) this.#all.recordValueWithCount(micros, count);
    }
    direct.fill(0, 0, this.#highest + 1);
    this.#highest = 0;
  }
}
