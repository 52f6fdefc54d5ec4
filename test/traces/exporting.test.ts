import { createTraces, type Logger, type Traces, tracesConfig } from '@chorus/service';
import { eventually, patiently } from '@chorus/testing';
import { expect } from 'chai';
import { KIND, startTraceCollector, type TraceCollector } from '../support/servers/trace-collector.js';

const CALLER = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };

describe('sending traces to a collector', function () {
  this.timeout(20_000);

  let collector: TraceCollector;
  let traces: Traces | undefined;
  let logged: string[];
  beforeEach(async () => {
    collector = await startTraceCollector();
    logged = [];
  });
  afterEach(async () => {
    await traces?.close();
    await collector.close();
  });

  const write = (_fields: unknown, text: string): void => {
    logged.push(text);
  };
  const open = async (share = 1, serviceName?: string): Promise<Traces> => {
    const config = tracesConfig({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_TRACES_SAMPLER_ARG: share,
      OTEL_SERVICE_NAME: serviceName,
      OTEL_BSP_SCHEDULE_DELAY: 20,
    });
    const log = { info: write, warn: write } as unknown as Logger;
    traces = await createTraces(config, { service: 'gateway', nodeId: 'node-1', log });
    if (traces === undefined) throw new Error('nothing is traced');
    return traces;
  };
  const by = (headers: Record<string, string>) => (name: string) => headers[name];
  const ask = (opened: Traces, headers: Record<string, string> = {}, status = 200): void =>
    opened.request(by(headers)).end({ method: 'GET', route: '/rooms/:id', status });
  const spans = (count: number) =>
    eventually(() => {
      expect(collector.spans.length).to.equal(count);
      return collector.spans;
    });
  const work = { name: 'work', kind: 'internal', startedAt: 0, endedAt: 1 } as const;

  it('names the service, the node, and the route rather than the path', async () => {
    ask(await open());
    const [span] = await spans(1);
    expect(span).to.include({
      service: 'chorus-gateway',
      node: 'node-1',
      name: 'GET /rooms/:id',
      kind: KIND.server,
      parentSpanId: '',
      failed: false,
    });
    expect(span?.attributes).to.deep.equal({
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'http.route': '/rooms/:id',
    });
  });

  it('takes another name for the service', async () => {
    ask(await open(1, 'chat'));
    expect((await spans(1))[0]?.service).to.equal('chat');
  });

  it('goes on with the trace of the caller, and traces what the caller does, however small the share', async () => {
    const opened = await open(0.000001);
    ask(opened, { traceparent: `00-${CALLER.traceId}-${CALLER.spanId}-00` });
    ask(opened, { traceparent: `00-${CALLER.traceId}-${CALLER.spanId}-01` }, 503);
    await opened.close();
    expect(
      collector.spans.map(({ traceId, parentSpanId, failed }) => [traceId, parentSpanId, failed]),
    ).to.deep.equal([[CALLER.traceId, CALLER.spanId, true]]);
  });

  it('takes no notice of a header that makes no sense', async () => {
    ask(await open(), { traceparent: '00-nonsense-01' });
    expect((await spans(1))[0]?.parentSpanId).to.equal('');
  });

  it('traces the share of what begins here that was asked for', async () => {
    const opened = await open(0.25);
    for (let n = 0; n < 1_000; n++) opened.record(work);
    await opened.close();
    expect(collector.spans.length).to.be.within(170, 330);
  });

  it('gives spans the ids that they are to have, and keeps those out of other spans', async () => {
    const opened = await open(0.000001);
    const { traceId, spanId } = CALLER;
    opened.record({ ...work, name: 'first', trace: { traceId, spanId } });
    opened.record({ ...work, name: 'second', trace: { traceId, parentId: spanId }, error: 'SomeError' });
    opened.record(work);
    await opened.close();
    const [first, second] = collector.spans;
    expect(collector.spans.length).to.equal(2);
    expect(first).to.include({ name: 'first', traceId, spanId, parentSpanId: '', failed: false });
    expect(second).to.include({ name: 'second', traceId, parentSpanId: spanId, failed: true });
    expect(second?.spanId).to.not.equal(spanId);
    expect(second?.attributes).to.deep.equal({ 'error.type': 'SomeError' });
  });

  it('tells when things were, to less than a millisecond', async () => {
    const opened = await open();
    const before = Date.now();
    const now = performance.now();
    const after = Date.now();
    opened.record({ ...work, startedAt: now - 2.5, endedAt: now });
    const [span] = await spans(1);
    expect((span?.end ?? 0) - (span?.start ?? 0)).to.be.closeTo(2.5, 0.01);
    // Clocks of the system and of the process drift apart by a little.
    expect(span?.end).to.be.within(before - 7, after + 7);
  });

  it('writes one line for an outage, and one when it is over', async () => {
    const opened = await open();
    // Not worth trying again, so that it fails at once.
    collector.answer = 400;
    for (let n = 1; n <= 3; n++) {
      opened.record(work);
      await eventually(() => expect(collector.requests).to.equal(n));
    }
    collector.answer = 200;
    await eventually(() => {
      opened.record(work);
      expect(logged).to.deep.equal([
        'traces are sent',
        'traces cannot be sent: they are lost',
        'traces can be sent again',
      ]);
    });
  });

  it('sends what is left at the end', async () => {
    const opened = await open();
    opened.record(work);
    await opened.close();
    expect(collector.spans.length).to.equal(1);
  });

  it('ends in time although the collector never answers', async () => {
    const opened = await open();
    collector.answer = undefined;
    opened.record(work);
    await eventually(() => expect(collector.requests).to.equal(1));
    opened.record(work);
    const before = performance.now();
    await opened.close();
    expect(performance.now() - before).to.be.below(patiently(9_000));
  });
});
