import { setTimeout as sleep } from 'node:timers/promises';
import {
  LoadError,
  type LoadResult,
  type Moment,
  runLoad,
  type Scenario,
  scenarioSchema,
} from '@chorus/loadtest';
import type { Stage } from './stage.js';

/** The servers that a load needs. */
export type LoadStage = Pick<Stage, 'people' | 'nodes'> & {
  readonly balancer: Pick<Stage['balancer'], 'targets'>;
};

/** The load while servers are started and stopped. */
export interface Load {
  readonly connections: number;
  /** Messages per second, over all rooms. */
  readonly rate: number;
  readonly roomSize: number;
  /** Processes of the tool. */
  readonly workers: number;
  /** Connects per second at the beginning. */
  readonly ramp: number;
  /** URL of a module with a dialect of the tool; for tests. */
  readonly dialect?: string;
}

/** Connections of each ready gateway by its id, at a moment. */
export interface Spread {
  /** Seconds since the run began, as in the timeline of the result. */
  readonly at: number;
  readonly connections: Readonly<Record<string, number>>;
}

export interface SceneEvent {
  /** Seconds since the run began. */
  readonly at: number;
  readonly what: string;
}

/** What an act can do with the running load. */
export interface Scene {
  /** Returns the seconds since the run began. */
  second(): number;
  /** Adds a note to the report. */
  note(what: string): void;
  /** Resolves with true after a second for which the condition holds, or with false after the time. */
  until(condition: (moment: Moment) => boolean, withinMs: number): Promise<boolean>;
  /** Distribution of the connections, one per second; the last is at most about two seconds old. */
  readonly spreads: readonly Spread[];
}

export interface Performance {
  readonly result: LoadResult;
  readonly events: readonly SceneEvent[];
  readonly spreads: readonly Spread[];
}

/** The caller of a rehearsal. */
export interface Company {
  /** Ends it. */
  readonly signal?: AbortSignal;
  /** Receives a line for each step. */
  say(line: string): void;
}

const WARM_UP_MS = 2_000;
/** Longest duration of a load that is not ended, in milliseconds. */
const MAX_LOAD_MS = 1_800_000;
const SETTLE_MS = 15_000;
const SAMPLE_MS = 1_000;

export function roomsFor({ connections, roomSize }: Pick<Load, 'connections' | 'roomSize'>): number {
  return Math.ceil(connections / roomSize);
}

/**
 * Puts the load on the stage, runs the act, and then ends the load.
 * @throws what the act throws
 */
export async function perform(
  stage: LoadStage,
  load: Load,
  act: (scene: Scene) => Promise<void>,
  { signal, say }: Company,
): Promise<Performance> {
  const enough = new AbortController();
  const failed = new AbortController();
  const onStage = new OnStage(stage, say);
  let acting: Promise<void> | undefined;
  const signals = [failed.signal, ...(signal === undefined ? [] : [signal])];
  try {
    const result = await runLoad(scenarioOf(stage, load), {
      ...stage.people,
      ...(load.dialect === undefined ? {} : { dialect: load.dialect }),
      enough: enough.signal,
      signal: AbortSignal.any(signals),
      onMoment: (moment) => onStage.moment(moment),
      onPhase: (phase) => {
        if (phase !== 'measuring') return;
        acting = act(onStage).then(
          () => {
            // From here on the tool itself closes its sockets.
            onStage.close();
            enough.abort();
          },
          (error: unknown) => failed.abort(error),
        );
      },
    });
    for (const { aborted, reason } of signals) if (aborted) throw reason;
    if (acting === undefined) throw new LoadError('the load did not begin');
    return { result, events: onStage.events, spreads: onStage.spreads };
  } finally {
    onStage.close();
  }
}

function scenarioOf({ balancer }: LoadStage, load: Load): Scenario {
  return scenarioSchema.parse({
    targets: balancer.targets,
    connections: load.connections,
    rooms: roomsFor(load),
    membersPerRoom: load.roomSize,
    rate: load.rate,
    ramp: load.ramp,
    workers: load.workers,
    warmUpMs: WARM_UP_MS,
    durationMs: MAX_LOAD_MS,
    settleMs: SETTLE_MS,
  });
}

class OnStage implements Scene {
  readonly events: SceneEvent[] = [];
  readonly spreads: Spread[] = [];
  readonly #watchers = new Set<(moment: Moment) => void>();
  readonly #sampler: NodeJS.Timeout;
  #last = { at: 0, since: performance.now() };

  constructor(
    private readonly stage: LoadStage,
    private readonly say: (line: string) => void,
  ) {
    this.#sampler = setInterval(() => void this.#sample(), SAMPLE_MS);
  }

  moment(moment: Moment): void {
    this.#last = { at: moment.at, since: performance.now() };
    for (const watch of [...this.#watchers]) watch(moment);
  }

  second(): number {
    return this.#last.at + (performance.now() - this.#last.since) / 1_000;
  }

  note(what: string): void {
    const event = { at: this.second(), what };
    this.events.push(event);
    this.say(`${event.at.toFixed(1).padStart(6)} s  ${what}`);
  }

  async until(condition: (moment: Moment) => boolean, withinMs: number): Promise<boolean> {
    const over = new AbortController();
    const held = new Promise<boolean>((resolve) => {
      const watch = (moment: Moment): void => {
        if (condition(moment)) resolve(true);
      };
      this.#watchers.add(watch);
      over.signal.addEventListener('abort', () => this.#watchers.delete(watch));
    });
    const late = sleep(withinMs, false, { signal: over.signal }).catch(() => false);
    const holds = await Promise.race([held, late]);
    over.abort();
    return holds;
  }

  close(): void {
    clearInterval(this.#sampler);
  }

  async #sample(): Promise<void> {
    // A failed sample counts as none: this Redis has no other work.
    const nodes = await this.stage.nodes().catch(() => []);
    const ready = nodes.filter(({ state }) => state !== 'draining');
    if (ready.length === 0) return;
    const connections = Object.fromEntries(ready.map((node) => [node.nodeId, node.connections]));
    this.spreads.push({ at: this.second(), connections });
  }
}
