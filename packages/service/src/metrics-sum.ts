import { AggregatorRegistry } from 'prom-client';

/**
 * The metrics of several processes as one text: counters and histograms added up, gauges as each of them says.
 * What belongs to one process only, such as when it started, is left out.
 *
 * @param all {@link Metrics.data} of each process, which may have travelled as JSON
 */
export function sumOfMetrics(all: readonly object[][]): Promise<string> {
  return AggregatorRegistry.aggregate([...all]).metrics();
}

/** The same as plain data, to be added to others later. */
export function sumOfMetricsData(all: readonly object[][]): Promise<object[]> {
  return AggregatorRegistry.aggregate([...all]).getMetricsAsJSON();
}
