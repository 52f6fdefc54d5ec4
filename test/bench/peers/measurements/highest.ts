import { deliver, deliveryFaults, deliverySample } from './deliveries.js';
import type { Load } from './loads.js';
import type { Measurement } from './measurement.js';
import { toolMarks, withSystem } from './run-system.js';
import { searchRate } from './search-rate.js';

const P99_MS = 100;
/** Before every attempt but the first, in milliseconds. */
const WARM_MS = 1_500;
const LOAD: Omit<Load, 'deliveriesPerSecond'> = {
  name: 'highest',
  title: '10 rooms of 100',
  rooms: 10,
  members: 100,
  lazyShare: 0.95,
};
const SEARCH = { first: 60_000, step: 1.5, halvings: 2, atMost: 5_000_000, atLeast: 10_000 };

/** The highest rate without losses and with a bearable 99th percentile of latency. */
export const highest: Measurement = {
  name: LOAD.name,
  title: `${LOAD.title}: highest deliveries/s at p99 ≤ ${P99_MS} ms`,
  compares: 'deliveries/s',
  moreIsBetter: true,
  rounds: 1,
  quick: false,
  run: (system, effort) =>
    withSystem(system, LOAD.rooms, async (running) => {
      // The nodes keep running, so their code stays compiled.
      const warm = { ...effort, warmUpMs: Math.min(effort.warmUpMs, WARM_MS) };
      let attempts = 0;
      let best: Readonly<Record<string, number | undefined>> = {};
      const { rate, why } = await searchRate(async (deliveriesPerSecond) => {
        const wanted = { ...LOAD, deliveriesPerSecond };
        const ran = await deliver(system, running, wanted, attempts++ === 0 ? effort : warm);
        const faults = deliveryFaults(ran, wanted);
        const p99 = ran.result.messages.deliveryMs?.p99 ?? Number.POSITIVE_INFINITY;
        if (p99 > P99_MS) faults.push(`p99 ${p99.toFixed(0)} ms`);
        const passed = faults.length === 0;
        if (passed) best = deliverySample(ran, wanted).figures;
        // On a saturated machine the tool is always late as well: that alone must not end the search.
        return { passed, why: [...faults, ...toolMarks(ran.result)].join(', ') };
      }, SEARCH);
      return {
        figures: {
          'deliveries/s': rate,
          'p99 ms': best['p99 ms'],
          'µs/delivery': best['µs/delivery'],
          'node %': best['node %'],
        },
        marks: why === undefined ? ['no limit found'] : [`above: ${why}`],
      };
    }),
};
