import { type CostMeter, cpuMicros, type Phase, type ProcessCost, residentBytes } from '@chorus/loadtest';
import { redisUsedBytes } from './redis-memory.js';
import type { RunningSystem, SystemProcess } from './systems/system.js';

interface Reading {
  readonly atMs: number;
  /** By process, the nodes first and then Redis. */
  readonly cpuMicros: readonly number[];
  readonly residentBytes: readonly number[];
  readonly redisBytes: number | undefined;
}

/** Costs of a part of a run. */
export interface Spent {
  readonly seconds: number;
  readonly nodeMicros: readonly number[];
  readonly redisMicros: number;
}

export interface Grown {
  /** Over all nodes. */
  readonly nodeBytes: number;
  /** What Redis accounts for its data and clients, not its resident memory, which grows in steps. */
  readonly redisBytes: number;
}

/** Reads processor time and memory of all processes of a system. */
export class SystemMeter implements CostMeter {
  readonly #readings = new Map<Phase, Reading>();
  readonly #processes: readonly SystemProcess[];

  /**
   * @param memoryAt phase whose memory is compared with that before the load: all garbage is collected before either is
   *   read. Undefined under load, which that would disturb.
   */
  constructor(
    private readonly system: RunningSystem,
    private readonly memoryAt?: Phase,
  ) {
    this.#processes = [...system.nodes, system.redis];
  }

  async mark(phase: Phase): Promise<void> {
    const withMemory = this.memoryAt !== undefined && (phase === 'before' || phase === this.memoryAt);
    // Collecting garbage must not count as a cost of connecting.
    if (withMemory && phase === 'before') await this.#collectGarbage();
    const cpu = this.#processes.map(({ pid }) => cpuMicros(pid));
    const atMs = performance.now();
    if (withMemory && phase !== 'before') await this.#collectGarbage();
    this.#readings.set(phase, {
      atMs,
      cpuMicros: cpu,
      residentBytes: this.#processes.map(({ pid }) => residentBytes(pid)),
      redisBytes: withMemory ? await redisUsedBytes(this.system.redis.url) : undefined,
    });
  }

  async #collectGarbage(): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.collectGarbage?.()));
  }

  spent(from: Phase, to: Phase): Spent {
    const [first, last] = [this.#reading(from), this.#reading(to)];
    const micros = last.cpuMicros.map((value, index) => value - (first.cpuMicros[index] ?? 0));
    return {
      seconds: (last.atMs - first.atMs) / 1_000,
      nodeMicros: micros.slice(0, -1),
      redisMicros: micros.at(-1) ?? 0,
    };
  }

  grown(from: Phase, to: Phase): Grown {
    const [first, last] = [this.#reading(from), this.#reading(to)];
    const bytes = last.residentBytes.map((value, index) => value - (first.residentBytes[index] ?? 0));
    return {
      nodeBytes: sum(bytes.slice(0, -1)),
      redisBytes: (last.redisBytes ?? 0) - (first.redisBytes ?? 0),
    };
  }

  costs(): readonly ProcessCost[] {
    const [before, connected, end] = (['before', 'connected', 'end'] as const).map((phase) =>
      this.#readings.get(phase),
    );
    const measuring = this.#readings.get('measuring');
    return this.#processes.map(({ name }, index) => {
      const [start, stop] = [measuring?.cpuMicros[index], end?.cpuMicros[index]];
      const [first, middle, last] = [before, connected, end].map((reading) => reading?.residentBytes[index]);
      return {
        name,
        cpuMicros: start === undefined || stop === undefined ? undefined : stop - start,
        residentBytes:
          first === undefined || middle === undefined || last === undefined
            ? undefined
            : { before: first, connected: middle, after: last },
      };
    });
  }

  #reading(phase: Phase): Reading {
    const reading = this.#readings.get(phase);
    if (reading === undefined) throw new Error(`nothing was read at the phase "${phase}"`);
    return reading;
  }
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
