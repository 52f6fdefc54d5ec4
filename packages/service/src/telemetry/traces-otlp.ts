import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { ExportResultCode, W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  type IdGenerator,
  ParentBasedSampler,
  RandomIdGenerator,
  SamplingDecision,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { Logger } from './logger.js';
import type { PastSpan, RequestOutcome, RequestSpan, TracedService, Traces, TracesConfig } from './traces.js';

/**
 * Longest time for sending to the collector, in milliseconds, including retries, so that a closed service can end.
 */
const EXPORT_TIMEOUT_MS = 3_000;
const KINDS = { producer: SpanKind.PRODUCER, consumer: SpanKind.CONSUMER, internal: SpanKind.INTERNAL };
/** Largest difference between the two clocks of the system before they are synchronised again, in milliseconds. */
const CLOCK_TOLERANCE_MS = 5;

/** Sends spans to a collector. Only this file imports OpenTelemetry. */
export class OtlpTraces implements Traces {
  readonly share: number;
  readonly #provider: TracerProvider;
  readonly #tracer: Tracer;
  readonly #ids = new GivenIds();
  readonly #propagator = new W3CTraceContextPropagator();
  readonly #clock = new WallClock();

  constructor(config: TracesConfig, { service, nodeId, log }: TracedService) {
    this.share = config.share;
    const collector = new URL(config.url).host;
    const byChance = new TraceIdRatioBasedSampler(config.share);
    const exporter = new OTLPTraceExporter({ url: config.url, timeoutMillis: EXPORT_TIMEOUT_MS });
    this.#provider = new TracerProvider({
      resource: detectResources({ detectors: [envDetector] }).merge(
        resourceFromAttributes({
          'service.name': config.serviceName ?? `chorus-${service}`,
          'service.instance.id': nodeId,
        }),
      ),
      sampler: new ParentBasedSampler({
        root: {
          shouldSample: (context, traceId) =>
            this.#ids.given === undefined
              ? byChance.shouldSample(context, traceId)
              : { decision: SamplingDecision.RECORD_AND_SAMPLED },
          toString: () => byChance.toString(),
        },
      }),
      idGenerator: this.#ids,
      spanProcessors: [
        new BatchSpanProcessor({
          exporter: reporting(exporter, collector, log),
          scheduledDelayMillis: config.delayMs,
          exportTimeoutMillis: 2 * EXPORT_TIMEOUT_MS,
        }),
      ],
    });
    this.#tracer = this.#provider.getTracer('chorus');
    log.info({ collector, share: config.share }, 'traces are sent');
  }

  request(header: (name: string) => string | undefined): RequestSpan {
    const caller = this.#propagator.extract(ROOT_CONTEXT, header, {
      get: (read, name) => read(name),
      keys: () => [],
    });
    const span = this.#tracer.startSpan('request', { kind: SpanKind.SERVER }, caller);
    return {
      traceId: span.isRecording() ? span.spanContext().traceId : undefined,
      end: (outcome) => endRequest(span, outcome),
    };
  }

  record({ name, kind, startedAt, endedAt, attributes = {}, error, trace: given }: PastSpan): void {
    const offset = this.#clock.offset();
    const options = { kind: KINDS[kind], startTime: offset + startedAt, attributes };
    const span = this.#start(name, options, given);
    if (error !== undefined) {
      span.setAttribute('error.type', error);
      span.setStatus({ code: SpanStatusCode.ERROR });
    }
    span.end(offset + endedAt);
  }

  async close(): Promise<void> {
    const limit = new AbortController();
    // A failure to send has been logged.
    const sent = this.#provider.shutdown().catch(() => undefined);
    await Promise.race([
      sent,
      sleep(EXPORT_TIMEOUT_MS, undefined, { signal: limit.signal }).catch(() => undefined),
    ]);
    limit.abort();
  }

  #start(name: string, options: Parameters<Tracer['startSpan']>[1], given: PastSpan['trace']): Span {
    if (given === undefined) return this.#tracer.startSpan(name, options, ROOT_CONTEXT);
    if ('parentId' in given) {
      return this.#tracer.startSpan(name, options, childOf(given.traceId, given.parentId));
    }
    this.#ids.given = given;
    try {
      return this.#tracer.startSpan(name, options, ROOT_CONTEXT);
    } finally {
      this.#ids.given = undefined;
    }
  }
}

function childOf(traceId: string, spanId: string): Context {
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: TraceFlags.SAMPLED,
    isRemote: true,
  });
}

/** Attributes have the names of OpenTelemetry's semantic conventions for HTTP. */
function endRequest(span: Span, { route, method, status }: RequestOutcome): void {
  if (span.isRecording()) {
    span.updateName(route === undefined ? method : `${method} ${route}`);
    span.setAttribute('http.request.method', method);
    span.setAttribute('http.response.status_code', status);
    if (route !== undefined) span.setAttribute('http.route', route);
    if (status >= 500) {
      span.setAttribute('error.type', String(status));
      span.setStatus({ code: SpanStatusCode.ERROR });
    }
  }
  span.end();
}

/** Generates ids, unless they are given. */
class GivenIds implements IdGenerator {
  given: { readonly traceId: string; readonly spanId: string } | undefined;
  readonly #random = new RandomIdGenerator();

  generateTraceId(): string {
    return this.given?.traceId ?? this.#random.generateTraceId();
  }

  generateSpanId(): string {
    return this.given?.spanId ?? this.#random.generateSpanId();
  }
}

/**
 * Converts `performance.now()` to wall-clock time for other machines. It is finer than the system's time, and does
 * not change when that is set.
 */
class WallClock {
  #offset = performance.timeOrigin;

  /** Milliseconds from 1970 to the zero of `performance.now()`. */
  offset(): number {
    const offset = Date.now() - performance.now();
    if (Math.abs(offset - this.#offset) > CLOCK_TOLERANCE_MS) this.#offset = offset;
    return this.#offset;
  }
}

/** Logs one line when the collector stops accepting spans, and one when it accepts them again. */
function reporting(exporter: SpanExporter, collector: string, log: Logger): SpanExporter {
  let lost = 0;
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        if (result.code === ExportResultCode.SUCCESS) {
          if (lost > 0) log.info({ collector, lost }, 'traces can be sent again');
          lost = 0;
        } else {
          if (lost === 0)
            log.warn({ collector, error: reason(result.error) }, 'traces cannot be sent: they are lost');
          lost += spans.length;
        }
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  };
}

/** A connection that was refused at two addresses has a code, but no message. */
function reason(error: Error | undefined): string {
  if (error === undefined) return 'unknown';
  return error.message || ('code' in error ? String(error.code) : error.name);
}
