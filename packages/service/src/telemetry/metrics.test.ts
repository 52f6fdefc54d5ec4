import { totalmem } from 'node:os';
import { expect } from 'chai';
import { createMetrics, Metrics } from './metrics.js';

describe('metrics', () => {
  it('are read at each collection', async () => {
    const metrics = new Metrics();
    let count = 0;
    const byCode: Record<string, number> = { '1000': 1 };
    metrics.counter('things_total', 'Things.', () => count);
    metrics.counterBy('closed_total', 'code', 'Closed.', () => byCode);
    metrics.gauge('open', 'Open.', () => count * 2);
    expect(await metrics.text()).to.include('\nthings_total 0\n');
    count = 7;
    byCode['1006'] = 2;
    const text = await metrics.text();
    expect(text).to.include('# TYPE things_total counter\nthings_total 7\n');
    expect(text).to.include('\nclosed_total{code="1000"} 1\nclosed_total{code="1006"} 2\n');
    expect(text).to.include('# TYPE open gauge\nopen 14\n');
    expect(metrics.contentType).to.match(/^text\/plain; version=0\.0\.4/);
  });

  it('have no value while it is unknown', async () => {
    const metrics = new Metrics();
    let lag: number | undefined;
    metrics.gauge('lag_seconds', 'Lag.', async () => lag, 'max');
    expect(await metrics.text()).not.to.match(/^lag_seconds/m);
    lag = 3;
    expect(await metrics.text()).to.match(/^lag_seconds 3$/m);
    lag = undefined;
    expect(await metrics.text()).not.to.match(/^lag_seconds/m);
    expect(await Metrics.textOf([metrics])).not.to.match(/^lag_seconds/m);
  });

  it('describe every process: its identity, size and load', async () => {
    const metrics = createMetrics({ service: 'gateway', version: '1.2.3', nodeId: 'gateway-a' });
    const text = await metrics.text();
    expect(text).to.include('\nchorus_build_info{service="gateway",version="1.2.3",node="gateway-a"} 1\n');
    const value = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
    expect(value('process_resident_memory_bytes')).to.be.above(1e6);
    expect(value('chorus_memory_limit_bytes')).to.be.within(
      value('process_resident_memory_bytes'),
      totalmem(),
    );
    expect(value('nodejs_eventloop_utilization')).to.be.within(0, 1);
    expect(value('nodejs_eventloop_lag_p99_seconds')).to.be.at.least(0);
    if (process.platform === 'linux') expect(value('process_open_fds')).to.be.within(3, 10_000);
  });

  it('of several parts of a process are combined: counts are summed, gauges as registered', async () => {
    const parts = [1, 10].map((amount) => {
      const metrics = new Metrics();
      metrics.counter('things_total', 'Things.', () => amount);
      metrics.gauge('open', 'Open.', () => amount);
      metrics.gauge('lag_seconds', 'Lag.', () => amount, 'max');
      metrics.gaugeBy('state', 'state', 'State.', () => ({ ready: 1 }));
      metrics.histogram('wait_seconds', 'Waits.', [1, 5]).observe(amount);
      return metrics;
    });
    const text = await Metrics.textOf(parts);
    expect(text).to.include('\nthings_total 11\n');
    expect(text).to.include('\nopen 11\n');
    expect(text).to.include('\nlag_seconds 10\n');
    expect(text).to.include('\nstate{state="ready"} 2\n');
    expect(text).to.include('wait_seconds_bucket{le="1"} 1\n');
    expect(text).to.include('wait_seconds_count 2\n');
  });
});
