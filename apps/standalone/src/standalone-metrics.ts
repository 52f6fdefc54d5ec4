import { addDatabaseMetrics, type DatabaseWatch } from '@chorus/database';
import { createMetrics, Metrics, packageVersion } from '@chorus/service';

const VERSION = packageVersion(new URL('../package.json', import.meta.url));

/** The metrics of all services in the process, combined. */
export class StandaloneMetrics {
  readonly #all: Metrics[];

  /** @param told whether metrics can be read: watching the process costs time */
  constructor(postgres: DatabaseWatch, told: boolean) {
    const own = told
      ? createMetrics({ service: 'standalone', version: VERSION, nodeId: 'standalone' })
      : new Metrics();
    addDatabaseMetrics(own, postgres);
    this.#all = [own];
  }

  /** Returns the metrics of a further service: those of equal names are summed. */
  part(): Metrics {
    const part = new Metrics();
    this.#all.push(part);
    return part;
  }

  text(): Promise<string> {
    return Metrics.textOf(this.#all);
  }
}
