import type { Plan } from '../plan/plan.js';
import { now } from '../run/clock.js';
import { Histogram } from '../run/histogram.js';
import type { NodeReport, Tick, WorkerReport } from '../run/ipc.js';

/** Counts by name. */
class Tally {
  readonly counts: Record<string, number> = {};

  add(name: string | number): void {
    this.counts[name] = (this.counts[name] ?? 0) + 1;
  }
}

/** What one node of the server did for a worker, from the end of the warm-up on. */
class NodeMeters {
  connections = 0;
  delivered = 0;
  readonly ackMs = new Histogram();
  readonly deliveryMs = new Histogram();
  readonly warmUpMs = new Histogram();

  report(): NodeReport {
    const { connections, delivered } = this;
    return {
      connections,
      delivered,
      ackMs: this.ackMs.encode(),
      deliveryMs: this.deliveryMs.encode(),
      warmUpMs: this.warmUpMs.encode(),
    };
  }
}

/** All counters of a worker. */
export class Meters {
  readonly refused = new Tally();
  readonly closes = new Tally();
  readonly #nodes: readonly NodeMeters[];
  readonly #failures = new Tally();
  readonly #connectMs = new Histogram();
  readonly #resumeMs = new Histogram();
  readonly #replayMs = new Histogram();
  readonly #connects = { ok: 0, failed: 0, doneAt: 0 };
  readonly #resumes = { ok: 0, unrecovered: 0 };
  /** After the warm-up. */
  readonly #counted = { sent: 0, acked: 0, delivered: 0 };
  /** Since the last tick. */
  readonly #second = { sent: 0, acked: 0, delivered: 0, reconnects: 0 };
  readonly #secondAckMs = new Histogram();
  readonly #secondDeliveryMs = new Histogram();
  readonly #lateMs = new Histogram();
  #t0 = Number.POSITIVE_INFINITY;
  #countFrom = Number.POSITIVE_INFINITY;
  #countTo = Number.POSITIVE_INFINITY;
  readonly #periodMs: number;
  readonly #firstCounted: number;

  constructor(
    private readonly scenario: {
      rate: number;
      warmUpMs: number;
      durationMs: number;
      targets: readonly string[];
    },
    plan: Pick<Plan, 'firstCounted'>,
  ) {
    this.#periodMs = 1_000 / scenario.rate;
    this.#firstCounted = plan.firstCounted;
    this.#nodes = scenario.targets.map(() => new NodeMeters());
  }

  began(t0: number): void {
    this.#t0 = t0;
    this.#countFrom = t0 + this.scenario.warmUpMs;
    this.#countTo = this.#countFrom + this.scenario.durationMs;
  }

  connecting(target: number): void {
    const node = this.#nodes[target];
    if (node !== undefined) node.connections++;
  }

  connected(ms: number): void {
    this.#connects.ok++;
    this.#connectMs.record(ms);
  }

  connectFailed(why: string): void {
    this.#connects.failed++;
    this.#failures.add(why);
  }

  /** A first connect succeeded or failed. */
  connectDone(): void {
    this.#connects.doneAt = now();
  }

  sent(message: number, due: number, at: number): void {
    this.#second.sent++;
    this.#lateMs.record(at - due);
    if (message >= this.#firstCounted) this.#counted.sent++;
  }

  /** @param timedFrom messages that were due earlier are not timed */
  acked(message: number, target: number, timedFrom: number): void {
    const counts = message >= this.#firstCounted;
    this.#second.acked++;
    if (counts) this.#counted.acked++;
    const due = this.#t0 + message * this.#periodMs;
    if (due < timedFrom) return;
    const ms = now() - due;
    this.#secondAckMs.record(ms);
    if (counts) this.#nodes[target]?.ackMs.record(ms);
  }

  delivered(message: number, target: number, timedFrom: number, at: number): void {
    this.#second.delivered++;
    const node = this.#nodes[target];
    if (at >= this.#countFrom && at < this.#countTo) {
      this.#counted.delivered++;
      if (node !== undefined) node.delivered++;
    }
    const counts = message >= this.#firstCounted;
    const due = this.#t0 + message * this.#periodMs;
    if (due < timedFrom) return;
    const ms = at - due;
    this.#secondDeliveryMs.record(ms);
    (counts ? node?.deliveryMs : node?.warmUpMs)?.record(ms);
  }

  resumed(recovered: boolean): void {
    if (recovered) this.#resumes.ok++;
    else this.#resumes.unrecovered++;
  }

  /** @param ms since the connection was cut @param replayMs since its socket was open again */
  caughtUp(ms: number, replayMs: number): void {
    this.#resumeMs.record(ms);
    this.#replayMs.record(replayMs);
  }

  /** A connection tries to reconnect. */
  reconnecting(): void {
    this.#second.reconnects++;
  }

  get connectFailures(): number {
    return this.#connects.failed;
  }

  /** Returns the counts since the last tick. */
  tick(): Pick<Tick, 'sent' | 'acked' | 'delivered' | 'reconnects' | 'ackMs' | 'deliveryMs'> & {
    lateMs: number;
  } {
    const counts = { ...this.#second };
    Object.assign(this.#second, { sent: 0, acked: 0, delivered: 0, reconnects: 0 });
    const lateMs = this.#lateMs.percentile(99);
    this.#lateMs.reset();
    return {
      ...counts,
      lateMs,
      ackMs: taken(this.#secondAckMs),
      deliveryMs: taken(this.#secondDeliveryMs),
    };
  }

  report(resumesFailed: number, returnsPerConnection: readonly number[]): Omit<WorkerReport, 'rooms'> {
    return {
      connects: { ...this.#connects, failures: this.#failures.counts, ms: this.#connectMs.encode() },
      ...this.#counted,
      refused: this.refused.counts,
      closes: this.closes.counts,
      resumes: {
        ...this.#resumes,
        failed: resumesFailed,
        ms: this.#resumeMs.encode(),
        replayMs: this.#replayMs.encode(),
        perConnection: returnsPerConnection,
      },
      nodes: this.#nodes.map((node) => node.report()),
    };
  }
}

function taken(histogram: Histogram): string | undefined {
  if (histogram.count === 0) return undefined;
  const encoded = histogram.encode();
  histogram.reset();
  return encoded;
}
