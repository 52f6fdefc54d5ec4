import type { Closeable } from '../process/closer.js';
import type { Logger } from './logger.js';

export interface TracesConfig {
  /** Where traces go to, as a whole. */
  readonly url: string;
  readonly share: number;
  /** Undefined for the one that the service has by itself. */
  readonly serviceName: string | undefined;
  readonly delayMs: number;
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
