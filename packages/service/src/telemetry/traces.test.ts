import { expect } from 'chai';
import { ConfigError } from '../errors.js';
import { parseSettings } from '../settings/config.js';
import { createTraces, tracesConfig, tracesSettings } from './create-traces.js';
import { createLogger } from './logger.js';

describe('the settings of traces', () => {
  const read = (env: Record<string, string>) => tracesConfig(parseSettings(tracesSettings, env));

  it('enable none without a collector', async () => {
    expect(read({})).to.equal(undefined);
    expect(read({ OTEL_TRACES_SAMPLER_ARG: '1', OTEL_SERVICE_NAME: 'chat' })).to.equal(undefined);
    const log = createLogger({ service: 'test', level: 'silent' });
    expect(await createTraces(undefined, { service: 'api', nodeId: 'a', log })).to.equal(undefined);
  });

  it('trace one request in a hundred by default', () => {
    expect(read({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' })).to.deep.equal({
      url: 'http://collector:4318/v1/traces',
      share: 0.01,
      serviceName: undefined,
      delayMs: 5_000,
    });
  });

  it('keep the path of the collector', () => {
    for (const endpoint of ['https://host/otlp', 'https://host/otlp/']) {
      expect(read({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint })?.url).to.equal('https://host/otlp/v1/traces');
    }
  });

  it('are refused in one line that names the fault', () => {
    for (const [name, value] of [
      ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4318'],
      ['OTEL_EXPORTER_OTLP_ENDPOINT', 'grpc://collector:4317'],
      ['OTEL_TRACES_SAMPLER_ARG', '1.5'],
      ['OTEL_TRACES_SAMPLER_ARG', '0'],
      ['OTEL_SERVICE_NAME', 'a b'],
      ['OTEL_BSP_SCHEDULE_DELAY', 'soon'],
    ] as const) {
      expect(() => read({ [name]: value })).to.throw(ConfigError, `${name}="${value}" is not valid: must be`);
    }
  });
});
