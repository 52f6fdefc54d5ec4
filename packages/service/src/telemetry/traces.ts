import type { Closeable } from '../process/closer.js';
import type { Logger } from './logger.js';

export interface TracesConfig {
  /** Complete URL of the collector. */
  readonly url: string;
  readonly share: number;
  /** Undefined for the service's own name. */
  readonly serviceName: string | undefined;
  readonly delayMs: number;
}

/** Must never contain message content or identify a user. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** Outcome of a request. */
export interface RequestOutcome {
  /** Pattern of the route, never the path. */
  readonly route: string | undefined;
  readonly method: string;
  readonly status: number;
}

/** Span of a request in progress. */
export interface RequestSpan {
  /** Id of the trace, for logs; undefined if this request is not traced. */
  readonly traceId: string | undefined;
  end(outcome: RequestOutcome): void;
}

/** A finished operation. */
export interface PastSpan {
  readonly name: string;
  readonly kind: 'producer' | 'consumer' | 'internal';
  /** On the clock of `performance.now()`. */
  readonly startedAt: number;
  /** On the clock of `performance.now()`. */
  readonly endedAt: number;
  readonly attributes?: SpanAttributes;
  /** Name of the error that ended it. */
  readonly error?: string | undefined;
  /**
   * Trace of the operation: begun by it, if it has the id of a span, or by another span; it is then traced in any
   * case. Undefined for a trace of its own, which is sampled.
   */
  readonly trace?: { readonly traceId: string } & (
    | { readonly spanId: string }
    | { readonly parentId: string }
  );
}

/** Traces of one process. No method throws, whether or not the collector works. */
export interface Traces extends Closeable {
  /** Share of operations that are traced, above 0 and at most 1. */
  readonly share: number;
  /** @param header returns a request header by its lower-case name; the client may have begun the trace */
  request(header: (name: string) => string | undefined): RequestSpan;
  record(span: PastSpan): void;
  /** Sends the remaining spans, for at most 3 seconds. */
  close(): Promise<void>;
}

export interface TracedService {
  readonly service: 'api' | 'gateway' | 'archiver';
  readonly nodeId: string;
  readonly log: Logger;
}
