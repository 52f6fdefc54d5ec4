import type { Metrics } from '@chorus/service';
import type { BoundedWork } from '../auth/passwords/bounded-work.js';

/** Registers the metrics of hashing passwords for sign-ins and sign-ups. */
export function addPasswordMetrics(metrics: Metrics, work: BoundedWork): void {
  metrics.gauge(
    'chorus_api_password_hashes_running',
    'Passwords being hashed or compared; at most BCRYPT_CONCURRENCY.',
    () => work.running,
  );
  metrics.gauge(
    'chorus_api_password_hashes_waiting',
    'Passwords waiting to be hashed or compared; at most BCRYPT_QUEUE.',
    () => work.waiting,
  );
  metrics.counter(
    'chorus_api_password_hashes_refused_total',
    'Sign-ins and sign-ups answered with 503 because the queue was full.',
    () => work.refused,
  );
}
