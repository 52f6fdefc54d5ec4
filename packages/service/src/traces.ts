import { z } from 'zod';
import type { Closeable } from './closer.js';
import { integer, share, url } from './config.js';
import type { Logger } from './logger.js';

/** Settings of every process that can be traced, under the names that OpenTelemetry gave them. */
export const tracesSettings = {
  OTEL_EXPORTER_OTLP_ENDPOINT: url('http:', 'https:')
    .optional()
    .describe(
      'Collector that gets traces, by OTLP over HTTP, at `v1/traces` below this URL. Without it nothing is traced.',
    ),
  OTEL_TRACES_SAMPLER_ARG: share()
    .default(0.01)
    .describe('Share of requests and of messages that is traced. The same for every gateway.'),
  OTEL_SERVICE_NAME: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be 1 to 64 letters, digits, dots, dashes or underscores')
    .optional()
    .describe(
      'Name of the service in traces. By default `chorus-api`, `chorus-gateway` or `chorus-archiver`.',
    ),
  OTEL_BSP_SCHEDULE_DELAY: integer(10, 60_000)
    .default(5_000)
    .describe('Milliseconds for which spans are gathered before they are sent to the collector.'),
};

export interface TracesConfig {
  /** Where traces go to, as a whole. */
  readonly url: string;
  readonly share: number;
  /** Undefined for the one that the service has by itself. */
  readonly serviceName: string | undefined;
  readonly delayMs: number;
}

/** What {@link tracesSettings} ask for; undefined when nothing is to be traced. */
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

/** Never anything that somebody said, or who somebody is. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** What became of a request. */
export interface RequestOutcome {
  /** The route's pattern, never the path. */
  readonly route: string | undefined;
  readonly method: string;
  readonly status: number;
}

/** A request that is being answered. */
export interface RequestSpan {
  /** Names the trace in logs; undefined when this request is not in one. */
  readonly traceId: string | undefined;
  end(outcome: RequestOutcome): void;
}

/** Something that is over. */
export interface PastSpan {
  readonly name: string;
  readonly kind: 'producer' | 'consumer' | 'internal';
  /** As `performance.now()` tells it. */
  readonly startedAt: number;
  /** The same. */
  readonly endedAt: number;
  readonly attributes?: SpanAttributes;
  /** Name of the error that it ended with. */
  readonly error?: string | undefined;
  /**
   * Which trace it is in: begun by it, if it has the id of a span, or by another span. It is traced in any case then.
   * Undefined for a trace of its own, which is traced by chance.
   */
  readonly trace?: { readonly traceId: string } & (
    | { readonly spanId: string }
    | { readonly parentId: string }
  );
}

/** Traces of one process. None of its methods throws, whatever becomes of the collector. */
export interface Traces extends Closeable {
  /** What is traced of everything, above 0 and at most 1. */
  readonly share: number;
  /** @param header of the request, by its name in lower case: who sent it may have begun the trace */
  request(header: (name: string) => string | undefined): RequestSpan;
  record(span: PastSpan): void;
  /** Sends what was not sent yet, if that takes no longer than 3 seconds. */
  close(): Promise<void>;
}

export interface TracedService {
  readonly service: 'api' | 'gateway' | 'archiver';
  readonly nodeId: string;
  readonly log: Logger;
}

/** OpenTelemetry is loaded only here, and only if there is something to trace. */
export async function createTraces(
  config: TracesConfig | undefined,
  service: TracedService,
): Promise<Traces | undefined> {
  if (config === undefined) return undefined;
  const { OtlpTraces } = await import('./traces-otlp.js');
  return new OtlpTraces(config, service);
}
