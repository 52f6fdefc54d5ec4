import type { Metrics } from '@chorus/service';

/** Counts failures of PostgreSQL, as a plain number for metrics. */
export class DatabaseWatch {
  #errors = 0;

  /** Failed statements and failed attempts to connect or to begin a transaction since the start. */
  get errors(): number {
    return this.#errors;
  }

  failed(): void {
    this.#errors++;
  }
}

/** Registers the metrics of a watch. */
export function addDatabaseMetrics(metrics: Metrics, watch: DatabaseWatch): void {
  metrics.counter(
    'chorus_postgres_errors_total',
    'Statements that PostgreSQL did not answer, or answered with an error that is not about their values.',
    () => watch.errors,
  );
}
