import { UsageError } from '../cli/usage-error.js';
import type { ProcessCost } from '../result.js';
import type { CostMeter, Phase } from '../run/load-parts.js';
import type { CostSource, Reading } from './process-costs.js';

/** Reads all sources at each phase of a run. */
export function createCostMeter(sources: readonly CostSource[]): CostMeter {
  const readings = new Map<Phase, ReadonlyArray<Reading | undefined>>();
  return {
    mark: async (phase) => {
      readings.set(phase, await Promise.all(sources.map((source) => source.read().catch(() => undefined))));
    },
    costs: () => sources.map((source, index) => costOf(source, (phase) => readings.get(phase)?.[index])),
  };
}

function costOf(
  { name, holdsConnections }: CostSource,
  at: (phase: Phase) => Reading | undefined,
): ProcessCost {
  const [before, connected, measuring, end] = [at('before'), at('connected'), at('measuring'), at('end')];
  return {
    name,
    ...(holdsConnections === undefined ? {} : { holdsConnections }),
    cpuMicros: measuring && end && end.cpuMicros - measuring.cpuMicros,
    residentBytes: before &&
      connected &&
      end && {
        before: before.residentBytes,
        connected: connected.residentBytes,
        after: end.residentBytes,
      },
  };
}

/** Checks the sources before a run, so that a wrong pid is not noticed only at its end. @throws {UsageError} */
export async function requireReadable(sources: readonly CostSource[], option: string): Promise<void> {
  for (const { name, read } of sources) {
    await read().catch((error: Error) => {
      throw new UsageError(`${option} ${name}: ${error.message}`);
    });
  }
}
