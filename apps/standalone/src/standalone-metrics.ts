import { addDatabaseMetrics, type DatabaseWatch } from '@chorus/database';
import { createMetrics, Metrics, packageVersion } from '@chorus/service';

const VERSION = packageVersion(new URL('../package.json', import.meta.url));

/** The metrics of all services of the one process, told as one. */
export class StandaloneMetrics {
  readonly #all: Metrics[];

  /** @param told whether anybody can ask: watching the process itself is not for nothing */
  constructor(postgres: DatabaseWatch, told: boolean) {
    const own = told
      ? createMetrics({ service: 'standalone', version: VERSION, nodeId: 'standalone' })
      : new Metrics();
    addDatabaseMetrics(own, postgres);
    this.#all = [own];
  }

  /** For one more service: two of a kind have metrics of the same names, which are added up. */
  part(): Metrics {
    const part = new Metrics();
    this.#all.push(part);
    return part;
  }

  text(): Promise<string> {
    return Metrics.textOf(this.#all);
  }
}
