import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** A span as it came by OTLP over HTTP, in JSON. Times are in milliseconds since 1970. */
export interface CollectedSpan {
  /** Of the process that sent it. */
  service: string;
  node: string;
  name: string;
  kind: number;
  traceId: string;
  spanId: string;
  /** Empty for the first one of a trace. */
  parentSpanId: string;
  start: number;
  end: number;
  attributes: Record<string, unknown>;
  failed: boolean;
}

/** What OTLP calls the kinds that are used here. */
export const KIND = { internal: 1, server: 2, producer: 4, consumer: 5 } as const;

interface Attribute {
  key: string;
  value: Record<string, unknown>;
}

interface OtlpSpan {
  name: string;
  kind: number;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: Attribute[];
  status: { code: number };
}

interface OtlpRequest {
  resourceSpans: Array<{
    resource: { attributes: Attribute[] };
    scopeSpans: Array<{ spans: OtlpSpan[] }>;
  }>;
}

const STATUS_ERROR = 2;

/** An OpenTelemetry collector, as far as senders of spans need one. */
export interface TraceCollector {
  readonly url: string;
  readonly spans: readonly CollectedSpan[];
  /** Requests so far, answered or not. */
  readonly requests: number;
  /** What requests are answered with from now on; undefined never answers. */
  answer: number | undefined;
  close(): Promise<void>;
}

/** @param port of a collector that was there before */
export async function startTraceCollector(port = 0): Promise<TraceCollector> {
  const spans: CollectedSpan[] = [];
  let requests = 0;
  let answer: number | undefined = 200;
  const server = createServer(async (request, response) => {
    requests++;
    if (answer === undefined) return;
    if (answer === 200) spans.push(...(await read(request)));
    response.writeHead(answer, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    get requests() {
      return requests;
    },
    get answer() {
      return answer;
    },
    set answer(status) {
      answer = status;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function read(request: IncomingMessage): Promise<CollectedSpan[]> {
  if (request.url !== '/v1/traces') throw new Error(`unexpected path ${request.url}`);
  const { resourceSpans } = JSON.parse((await buffer(request)).toString()) as OtlpRequest;
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const about = valuesOf(resource.attributes);
    return scopeSpans.flatMap(({ spans }) => spans.map((span) => collected(span, about)));
  });
}

function collected(span: OtlpSpan, about: Record<string, unknown>): CollectedSpan {
  return {
    service: String(about['service.name']),
    node: String(about['service.instance.id']),
    name: span.name,
    kind: span.kind,
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId ?? '',
    start: Number(span.startTimeUnixNano) / 1e6,
    end: Number(span.endTimeUnixNano) / 1e6,
    attributes: valuesOf(span.attributes),
    failed: span.status.code === STATUS_ERROR,
  };
}

/** An attribute's value is wrapped in an object that names its type. */
function valuesOf(attributes: readonly Attribute[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
