import type { Metrics } from '@chorus/service';

/** How often PostgreSQL did not do what it was asked to; a plain number, for metrics. */
export class DatabaseWatch {
  #errors = 0;

  /** Statements, and attempts to connect or to begin a transaction, that failed since the start. */
  get errors(): number {
    return this.#errors;
  }

  failed(): void {
    this.#errors++;
  }
}

/** Registers what a watch has counted. */
export function addDatabaseMetrics(metrics: Metrics, watch: DatabaseWatch): void {
  metrics.counter(
    'chorus_postgres_errors_total',
    'Statements that PostgreSQL did not answer, or answered with an error that is not about their values.',
    () => watch.errors,
  );
}
