import { z } from 'zod';
import { integer, share, url } from '../settings/config.js';
import type { TracedService, Traces, TracesConfig } from './traces.js';

/** Settings of every process that can be traced, with the names of OpenTelemetry. */
export const tracesSettings = {
  OTEL_EXPORTER_OTLP_ENDPOINT: url('http:', 'https:')
    .optional()
    .describe(
      'Collector of traces, by OTLP over HTTP, at `v1/traces` below this URL. Without it nothing is traced.',
    ),
  OTEL_TRACES_SAMPLER_ARG: share()
    .default(0.01)
    .describe('Share of requests and of messages that are traced. Set one value for all gateways.'),
  OTEL_SERVICE_NAME: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be 1 to 64 letters, digits, dots, dashes or underscores')
    .optional()
    .describe(
      'Name of the service in traces. By default `chorus-api`, `chorus-gateway` or `chorus-archiver`.',
    ),
  OTEL_BSP_SCHEDULE_DELAY: integer(10, 60_000)
    .default(5_000)
    .describe('Time for which spans are collected before they are sent, in milliseconds.'),
};

/** Returns the configuration of traces; undefined without a collector. */
export function tracesConfig(settings: {
  OTEL_EXPORTER_OTLP_ENDPOINT?: string | undefined;
  OTEL_TRACES_SAMPLER_ARG: number;
  OTEL_SERVICE_NAME?: string | undefined;
  OTEL_BSP_SCHEDULE_DELAY: number;
}): TracesConfig | undefined {
  const endpoint = settings.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (endpoint === undefined) return undefined;
  return {
    url: `${endpoint.replace(/\/+$/, '')}/v1/traces`,
    share: settings.OTEL_TRACES_SAMPLER_ARG,
    serviceName: settings.OTEL_SERVICE_NAME,
    delayMs: settings.OTEL_BSP_SCHEDULE_DELAY,
  };
}

/** OpenTelemetry is loaded only here, and only if there is a collector. */
export async function createTraces(
  config: TracesConfig | undefined,
  service: TracedService,
): Promise<Traces | undefined> {
  if (config === undefined) return undefined;
  const { OtlpTraces } = await import('./traces-otlp.js');
  return new OtlpTraces(config, service);
}
