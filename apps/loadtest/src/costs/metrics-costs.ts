import type { CostSource } from './process-costs.js';

const TIMEOUT_MS = 5_000;
const MICROS = 1e6;

/** A process that exposes its costs as Prometheus metrics, by the names that all client libraries use. */
export function metricsSource(url: string): CostSource {
  return {
    name: new URL(url).host,
    read: async () => {
      const text = await fetchText(url);
      return {
        cpuMicros: sumOf(text, 'process_cpu_seconds_total') * MICROS,
        residentBytes: sumOf(text, 'process_resident_memory_bytes'),
      };
    },
  };
}

async function fetchText(url: string): Promise<string> {
  let response: Response;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch {
    throw new Error('it does not answer');
  }
  if (!response.ok) throw new Error(`it answers with ${response.status}`);
  return response.text();
}

/** Sums all label sets, because one process may report for several. */
function sumOf(text: string, metric: string): number {
  const samples = [...text.matchAll(new RegExp(`^${metric}(?:\\{[^\\n]*\\})?[ \\t]+(\\S+)`, 'gm'))];
  const sum = samples.reduce((total, [, value]) => total + Number(value), 0);
  if (samples.length === 0 || !Number.isFinite(sum)) throw new Error(`it has no metric ${metric}`);
  return sum;
}
