import type { Dialect } from '../dialect.js';
import { requireReachable } from '../limits/reachable.js';
import { makePlan, type Plan } from '../plan/plan.js';
import type { LoadResult } from '../result.js';
import type { Scenario } from '../scenario.js';
import { now } from './clock.js';
import { gather } from './gather.js';
import type { Strain, Tick } from './ipc.js';
import { LoadError, type LoadParts, type Phase } from './load-parts.js';
import { Timeline } from './timeline.js';
import { WorkerProcess } from './worker-process.js';

/** Time to load a worker's code and to make its plan. */
const START_MS = 30_000;
/** How much longer than the ramp alone connecting may take, relative and absolute. */
const RAMP_FACTOR = 2;
const RAMP_EXTRA_MS = 60_000;
/** From the order to the first message, so that all workers know the start time in advance. */
const HEAD_START_MS = 500;
/** Longest wait of an aborted run for messages in flight. */
const ABORTED_SETTLE_MS = 2_000;
const REPORT_MS = 60_000;
const END_MS = 5_000;

/**
 * Runs the scenario: connects, joins, waits until all connections are in their rooms, sends during the warm-up and
 * the measurement, waits for messages in flight, and compares what all members received. When it settles no worker is
 * left. If the signal is aborted it still resolves, with the results so far.
 * @throws {PlanError} for a scenario with inconsistent numbers
 * @throws {LoadError} when the parts do not suffice, when no server answers at a target, and when a worker dies
 */
export async function runLoad(scenario: Scenario, parts: LoadParts): Promise<LoadResult> {
  const dialectUrl = parts.dialect ?? builtIn(scenario.protocol);
  const { dialect } = (await import(dialectUrl)) as { dialect: Dialect };
  const plan = makePlan(scenario, dialect.oneRoom);
  if (parts.identities.length === 0) throw new LoadError('there are no users');
  if (parts.roomIds.length < plan.rooms) {
    throw new LoadError(`there are ${parts.roomIds.length} rooms and ${plan.rooms} are needed`);
  }
  await requireReachable(scenario.targets);
  const run = new Run(scenario, parts, plan, dialectUrl);
  try {
    return await run.result();
  } finally {
    await run.close();
  }
}

class Run {
  readonly #startedAt = new Date();
  readonly #workers: readonly WorkerProcess[];
  readonly #timeline: Timeline;
  readonly #strains: Strain[][];
  /** Aborted when a worker has failed, with the reason. */
  readonly #failed = new AbortController();
  /** Each one, if aborted, ends all waiting. */
  readonly #signals: readonly AbortSignal[];
  #began = 0;
  #measuring = false;

  constructor(
    private readonly scenario: Scenario,
    private readonly parts: LoadParts,
    private readonly plan: Plan,
    private readonly dialectUrl: string,
  ) {
    const { signal, onMoment } = parts;
    this.#signals = [this.#failed.signal, ...(signal === undefined ? [] : [signal])];
    this.#timeline = new Timeline(plan.workers.length, (moment) => onMoment?.(moment));
    this.#strains = plan.workers.map(() => []);
    this.#workers = plan.workers.map(
      (_, index) =>
        new WorkerProcess(
          `worker ${index + 1}`,
          // Source needs this process' loader options in a worker only if the dialect is source as well.
          dialectUrl.endsWith('.ts') ? process.execArgv : [],
          (tick) => this.#ticked(index, tick),
          (error) => this.#failed.abort(error),
        ),
    );
  }

  get #aborted(): boolean {
    return this.#signals.some(({ aborted }) => aborted);
  }

  async result(): Promise<LoadResult> {
    const { scenario, plan, parts } = this;
    await this.#prepare();
    await this.#reached('before');
    await this.#connect();
    const measuredMs = this.#aborted ? 0 : await this.#load();
    await this.#settle();
    const reports = await Promise.all(
      this.#workers.map((worker) => {
        worker.send({ type: 'finish' });
        return worker.next('report', REPORT_MS);
      }),
    );
    return gather({
      scenario,
      plan,
      startedAt: this.#startedAt,
      began: this.#began,
      measuredMs,
      reports: reports.map(({ report }) => report),
      strains: this.#strains,
      timeline: this.#timeline.moments,
      costs: parts.costs?.costs() ?? [],
    });
  }

  /** Ends all workers that are left. */
  async close(): Promise<void> {
    const graceMs = this.#failed.signal.aborted ? 0 : END_MS;
    await Promise.all(this.#workers.map((worker) => worker.close(graceMs)));
  }

  async #prepare(): Promise<void> {
    const { scenario, plan, parts } = this;
    const { identities } = parts;
    const roomIds = parts.roomIds.slice(0, plan.rooms);
    await Promise.all(
      this.#workers.map((worker, index) => {
        const { first, end } = plan.workers[index] ?? { first: 0, end: 0 };
        const own = Array.from(
          { length: end - first },
          (_, at) => identities[(first + at) % identities.length],
        );
        worker.send({
          type: 'prepare',
          scenario,
          worker: index,
          identities: own.filter((identity) => identity !== undefined),
          roomIds,
          dialect: this.dialectUrl,
        });
        return worker.next('ready', START_MS);
      }),
    );
  }

  async #connect(): Promise<void> {
    const { connections, ramp } = this.scenario;
    this.#began = now();
    for (const worker of this.#workers) worker.send({ type: 'connect', began: this.#began });
    const all = Promise.all(this.#workers.map((worker) => worker.next('connected', 2 ** 31 - 1)));
    // A connection that is not in its rooms by then counts as failed, and the load begins without it.
    await this.#atMost(all, (connections / ramp) * 1_000 * RAMP_FACTOR + RAMP_EXTRA_MS);
    if (!this.#aborted) await this.#reached('connected');
  }

  /** Returns the duration of the measurement in milliseconds. */
  async #load(): Promise<number> {
    const { warmUpMs, durationMs } = this.scenario;
    const t0 = now() + HEAD_START_MS;
    for (const worker of this.#workers) worker.send({ type: 'load', t0 });
    await this.#until(t0 + warmUpMs);
    if (this.#aborted) return 0;
    this.#measuring = true;
    await this.#reached('measuring');
    await this.#until(t0 + warmUpMs + durationMs, this.parts.enough);
    this.#measuring = false;
    await this.#reached('end');
    return Math.min(durationMs, Math.max(0, now() - t0 - warmUpMs));
  }

  async #settle(): Promise<void> {
    const aborted = this.#aborted;
    const settled = this.#workers.map((worker) => {
      worker.send({ type: 'settle' });
      return worker.next('settled', 2 ** 31 - 1);
    });
    const { settleMs } = this.scenario;
    await this.#atMost(
      Promise.all(settled),
      aborted ? Math.min(settleMs, ABORTED_SETTLE_MS) : settleMs,
      false,
    );
  }

  /** @throws {LoadError} when a worker has failed */
  async #until(time: number, sooner?: AbortSignal): Promise<void> {
    await this.#atMost(
      new Promise((resolve) => {
        if (sooner?.aborted) resolve(undefined);
        sooner?.addEventListener('abort', resolve, { once: true });
      }),
      time - now(),
    );
  }

  /**
   * Waits for a promise, at most for a time, and, unless `abortable` is false, until the run is aborted.
   * @throws {LoadError} when a worker has failed
   */
  async #atMost(something: Promise<unknown>, ms: number, abortable = true): Promise<void> {
    const signals = abortable ? this.#signals : [this.#failed.signal];
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        for (const signal of signals) signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, Math.max(0, ms));
      for (const signal of signals) signal.addEventListener('abort', done);
      // The signal reports failures of workers.
      something.then(done, () => undefined);
      if (signals.some(({ aborted }) => aborted)) done();
    });
    this.#failed.signal.throwIfAborted();
  }

  async #reached(phase: Phase): Promise<void> {
    this.parts.onPhase?.(phase);
    await this.parts.costs?.mark(phase);
  }

  #ticked(worker: number, tick: Tick): void {
    this.#timeline.add(tick);
    if (this.#measuring) this.#strains[worker]?.push(tick.strain);
  }
}

function builtIn(protocol: Scenario['protocol']): string {
  const name = protocol === 'plain' ? 'plain' : 'chorus-v1';
  return new URL(`../../dist/worker/dialects/${name}.js`, import.meta.url).href;
}
