import { type IntervalHistogram, monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { Strain } from '../run/ipc.js';

const RESOLUTION_MS = 5;

/** Measures the load of this process between two readings. */
export class StrainGauge {
  readonly #delay: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #loop = performance.eventLoopUtilization();
  #cpu = process.cpuUsage();
  #at = performance.now();

  constructor() {
    this.#delay.enable();
  }

  read(): Omit<Strain, 'lateMs'> {
    const loop = performance.eventLoopUtilization();
    const cpu = process.cpuUsage();
    const at = performance.now();
    const used = cpu.user + cpu.system - this.#cpu.user - this.#cpu.system;
    // The histogram contains the times between its own timers.
    const delay = this.#delay.count === 0 ? at - this.#at : this.#delay.percentile(99) / 1e6;
    const strain = {
      delayMs: Math.max(0, delay - RESOLUTION_MS),
      busy: performance.eventLoopUtilization(loop, this.#loop).utilization,
      cpu: used / 1_000 / (at - this.#at),
    };
    this.#delay.reset();
    this.#loop = loop;
    this.#cpu = cpu;
    this.#at = at;
    return strain;
  }

  close(): void {
    this.#delay.disable();
  }
}
