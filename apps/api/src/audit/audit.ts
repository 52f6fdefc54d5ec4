import { randomUUID } from 'node:crypto';
import { isDataRefused } from '@chorus/database';
import { type Closeable, type Logger, type Metrics, RepeatedWork } from '@chorus/service';
import { ActionCounts } from './action-counts.js';
import type { AuditEntry, AuditedAction } from './audit-entry.js';
import type { AuditRepository } from './audit-repository.js';

/** For how long actions are counted before the counts are stored, in milliseconds. */
const COUNTED_MS = 10_000;
/** Interval of looking for something to store, and of retries, in milliseconds. */
const INTERVAL_MS = 1_000;
/** Longest wait for an entry to be stored, in milliseconds. */
const MOST_WAIT_MS = 1_000;
/** Entries that may wait for PostgreSQL: a few megabytes. */
const MOST_WAITING = 10_000;
/** Entries of one statement. */
const ENTRIES_AT_ONCE = 1_000;

export interface AuditParts {
  readonly entries: Pick<AuditRepository, 'insert'>;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Default: 10 s. */
  readonly countedMs?: number;
}

interface Waiting {
  readonly entry: AuditEntry;
  /** Called when storing it was tried, whether or not it worked. */
  readonly tried: () => void;
}

const IGNORED = (): void => {};

/**
 * Stores what API keys and operators do.
 *
 * - {@link record} is for single changes: the answer to the request waits until the entry is stored, for a second at most.
 * - {@link count} is for messages and refusals: actions that are alike are one entry for ten seconds, which costs the request nothing.
 *
 * An entry is stored exactly once. While PostgreSQL is unavailable, up to 10,000 entries wait; further ones are lost, which the log and a
 * metric tell. A process that is killed loses what waits and what it has counted.
 */
export class Audit implements Closeable {
  readonly #work: RepeatedWork;
  readonly #counts = new ActionCounts();
  readonly #waiting: Waiting[] = [];
  readonly #countedMs: number;
  #countedSince = performance.now();
  #stored = 0;
  #lost = 0;
  #lostTold = 0;

  constructor(private readonly parts: AuditParts) {
    const { metrics, log, countedMs = COUNTED_MS } = parts;
    this.#countedMs = countedMs;
    this.#work = new RepeatedWork({
      run: () => this.#run(),
      intervalMs: Math.min(INTERVAL_MS, countedMs),
      retryMs: INTERVAL_MS,
      texts: { failing: 'the audit cannot be stored yet', works: 'the audit is stored again' },
      log,
    });
    metrics.counterBy(
      'chorus_api_audit_entries_total',
      'outcome',
      'Entries of the audit: stored, or lost because too many waited while PostgreSQL was unavailable.',
      () => ({ stored: this.#stored, lost: this.#lost }),
    );
    metrics.gauge(
      'chorus_api_audit_entries_waiting',
      'Entries of the audit that wait to be stored.',
      () => this.#waiting.length,
    );
  }

  start(): void {
    this.#work.start();
  }

  /** Resolves when the entry is stored, or cannot be stored soon. */
  async record(action: AuditedAction): Promise<void> {
    const entry = { ...action, id: randomUUID(), at: new Date(), count: 1 };
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, MOST_WAIT_MS);
      const tried = (): void => {
        clearTimeout(timer);
        resolve();
      };
      if (this.#add({ entry, tried })) this.#work.wake();
      else tried();
    });
  }

  /** Counts an action. @param times how often it was done */
  count(action: AuditedAction, times = 1): void {
    if (!this.#counts.add(action, times)) this.#lose();
  }

  /** Stores what waits, if PostgreSQL is available. */
  async close(): Promise<void> {
    await this.#work.close();
    this.#takeCounts();
    await this.#store().catch((error: unknown) => {
      const { length } = this.#waiting;
      this.parts.log.error({ lost: length, error: String(error) }, 'entries of the audit are lost');
    });
  }

  async #run(): Promise<void> {
    if (performance.now() - this.#countedSince >= this.#countedMs) this.#takeCounts();
    await this.#store();
    if (this.#lost === this.#lostTold) return;
    this.parts.log.error({ lost: this.#lost - this.#lostTold }, 'entries of the audit are lost');
    this.#lostTold = this.#lost;
  }

  #takeCounts(): void {
    this.#countedSince = performance.now();
    for (const entry of this.#counts.take()) this.#add({ entry, tried: IGNORED });
  }

  #add(waiting: Waiting): boolean {
    if (this.#waiting.length >= MOST_WAITING) {
      this.#lose();
      return false;
    }
    this.#waiting.push(waiting);
    return true;
  }

  #lose(): void {
    this.#lost++;
  }

  async #store(): Promise<void> {
    while (this.#waiting.length > 0) {
      const taken = this.#waiting.slice(0, ENTRIES_AT_ONCE);
      try {
        await this.parts.entries.insert(taken.map(({ entry }) => entry));
        this.#stored += taken.length;
      } catch (error) {
        // A retry cannot help. It is a defect, and must not keep later entries from being stored.
        if (!isDataRefused(error)) throw error;
        this.parts.log.error({ error: String(error) }, 'PostgreSQL refuses entries of the audit');
        this.#lost += taken.length;
      } finally {
        for (const { tried } of taken) tried();
      }
      this.#waiting.splice(0, taken.length);
    }
  }
}
