import { randomBytes } from 'node:crypto';
import { connectPlain, connectV1, eventually, type PlainSocket, upgradeStatus } from '@chorus/testing';
import { expect } from 'chai';
import { createPerson, createRoom, type Person, request } from '../support/clients/people.js';
import { startTestCluster, type TestCluster } from '../support/servers/cluster.js';
import {
  type CollectedSpan,
  KIND,
  startTraceCollector,
  type TraceCollector,
} from '../support/servers/trace-collector.js';

/** The clocks of two processes on one machine, in milliseconds: a process may take its time from another moment. */
const CLOCKS = 6;

describe('traces of a cluster', function () {
  this.timeout(60_000);

  let collector: TraceCollector;
  let cluster: TestCluster;
  let ann: Person;
  let room: number;
  /** One at the first gateway, one at the second. The third has no clients. */
  let clients: [PlainSocket, PlainSocket];
  let caller: { traceId: string; spanId: string; headers: Record<string, string> };

  const start = async (share: string): Promise<void> => {
    collector = await startTraceCollector();
    cluster = await startTestCluster({
      apis: 1,
      gateways: 3,
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_TRACES_SAMPLER_ARG: share,
        OTEL_BSP_SCHEDULE_DELAY: '50',
        MAX_MESSAGES_PER_SECOND: '100000',
      },
    });
    ann = await createPerson(cluster.url);
  };
  const stop = async (): Promise<void> => {
    await cluster?.close();
    await collector?.close();
  };
  const gateway = (index: number): string => cluster.gateways[index]?.url ?? '';

  beforeEach(async () => {
    room = await createRoom(cluster.url, ann);
    clients = [
      await connectPlain(gateway(0), room, ann.token),
      await connectPlain(gateway(1), room, ann.token),
    ];
    const traceId = randomBytes(16).toString('hex');
    const spanId = randomBytes(8).toString('hex');
    caller = { traceId, spanId, headers: { traceparent: `00-${traceId}-${spanId}-01` } };
  });
  afterEach(() => Promise.all(clients.map((client) => client.close())));

  const find = (fits: Partial<CollectedSpan>): CollectedSpan[] =>
    collector.spans.filter((span) =>
      Object.entries(fits).every(([name, value]) => span[name as keyof CollectedSpan] === value),
    );
  /** Of what was said in this test's room. */
  const ofRoom = (fits: Partial<CollectedSpan>): CollectedSpan[] =>
    find(fits).filter(({ attributes }) => attributes['chorus.room'] === room);
  const exactly = (count: number, found: () => CollectedSpan[]): Promise<CollectedSpan[]> =>
    eventually(() => {
      expect(found()).to.have.length(count);
      return found();
    });
  const called = async (): Promise<CollectedSpan> => {
    const [span] = await exactly(1, () => find({ traceId: caller.traceId }));
    if (span === undefined) throw new Error('there is one');
    expect(span.parentSpanId).to.equal(caller.spanId);
    return span;
  };

  describe('of everything', () => {
    before(() => start('1'));
    after(stop);

    it('have one span for a request, in the trace of its caller, and nothing about who asked', async () => {
      const { headers } = caller;
      await request(`${cluster.url}/api/rooms/${room}?username=${ann.username}`, {
        token: ann.token,
        headers,
      });
      const span = await called();
      expect(span).to.include({
        service: 'chorus-api',
        node: 'api-1',
        name: 'GET /api/rooms/:roomId',
        kind: KIND.server,
        failed: false,
      });
      expect(span.attributes).to.deep.equal({
        'http.request.method': 'GET',
        'http.route': '/api/rooms/:roomId',
        'http.response.status_code': 200,
      });
    });

    it('have the status of a request that went nowhere, and not its path', async () => {
      await request(`${cluster.url}/nowhere/${ann.username}`, { headers: caller.headers });
      const span = await called();
      expect(span.name).to.equal('GET');
      expect(span.attributes).to.deep.equal({
        'http.request.method': 'GET',
        'http.response.status_code': 404,
      });
    });

    it('have no span for those who ask how a service is', async () => {
      const { headers } = caller;
      for (const path of ['/livez', '/readyz']) await request(`${cluster.apis[0]?.url}${path}`, { headers });
      await request(`${cluster.apis[0]?.url}/api/rooms/${room}`, { token: ann.token, headers });
      expect((await called()).attributes).to.include({ 'http.route': '/api/rooms/:roomId' });
    });

    it('have one span for an upgrade, whatever became of it', async () => {
      for (const [token, status] of [
        [undefined, 401],
        [ann.token, 101],
      ] as const) {
        const traceId = randomBytes(16).toString('hex');
        caller = { ...caller, traceId, headers: { traceparent: `00-${traceId}-${caller.spanId}-01` } };
        await upgradeStatus(gateway(1), room, token, { headers: caller.headers });
        const span = await called();
        expect(span).to.include({
          service: 'chorus-gateway',
          node: 'gateway-2',
          name: 'GET /ws/join-room/:roomId',
          kind: KIND.server,
        });
        expect(span.attributes).to.include({ 'http.response.status_code': status });
      }
    });

    it('show a message at its sender and at every node with members, in one trace', async () => {
      const [sender, other] = clients;
      const before = Date.now();
      sender.send('hello');
      const [frame] = await Promise.all([sender.message('hello'), other.message('hello')]);
      const after = Date.now();
      const [published] = await exactly(1, () => ofRoom({ name: 'publish' }));
      const delivered = await exactly(2, () => ofRoom({ name: 'deliver' }));
      if (frame.type !== 'message' || published === undefined) throw new Error('there is one');

      const place = { 'chorus.room': room, 'chorus.position': `${frame.epoch}-${frame.seq}` };
      expect(published).to.include({ node: 'gateway-1', kind: KIND.producer, parentSpanId: '' });
      expect(published.attributes).to.deep.equal(place);
      expect(delivered.map(({ node }) => node).sort()).to.deep.equal(['gateway-1', 'gateway-2']);
      for (const span of delivered) {
        expect(span).to.include({
          traceId: published.traceId,
          parentSpanId: published.spanId,
          kind: KIND.consumer,
        });
        expect(span.attributes).to.deep.equal({ ...place, 'chorus.sockets': 1 });
        expect(span.start).to.be.within(published.start - CLOCKS, after + CLOCKS);
        expect(span.end).to.be.within(span.start, after + CLOCKS);
      }
      expect(published.start).to.be.within(before - CLOCKS, after + CLOCKS);
      expect(published.end).to.be.within(published.start, after + CLOCKS);
      // It takes a script of Redis, and no longer than the message did to come back.
      expect(published.end - published.start).to.be.within(0.05, after - before + CLOCKS);
      expect(JSON.stringify(collector.spans)).not.to.contain('hello').and.not.to.contain(ann.username);
    });

    it('show that a message was sent again', async () => {
      const client = await connectV1(gateway(0), ann.token);
      await client.join(room);
      for (const _ of [1, 2]) {
        client.send({ type: 'publish', roomId: room, clientMsgId: 'a', content: 'hello' });
        await client.of('ack');
      }
      await client.close();
      const [first, again] = await exactly(2, () => ofRoom({ name: 'publish' }));
      expect(first?.attributes).not.to.have.property('chorus.repeated');
      expect(again).to.include({ traceId: first?.traceId, parentSpanId: first?.spanId });
      expect(again?.attributes).to.include({ 'chorus.repeated': true });
      await exactly(2, () => ofRoom({ name: 'deliver' }));
    });

    it('show what is stored', async () => {
      clients[0].send('hello');
      await clients[0].message('hello');
      await eventually(() => {
        const said = find({ name: 'publish' }).filter(({ attributes }) => !attributes['chorus.repeated']);
        const stored = find({ name: 'store', service: 'chorus-archiver' });
        const messages = stored.reduce((sum, span) => sum + Number(span.attributes['chorus.messages']), 0);
        expect(messages).to.equal(said.length).and.to.be.above(0);
      });
    });

    it('are none of the clients’ business when the collector dies', async () => {
      const earlier = cluster.log.length;
      await collector.close();
      for (let n = 0; n < 200; n++) clients[0].send(`${n}`);
      const contents = await clients[1].messages(200);
      expect(contents).to.deep.equal(Array.from({ length: 200 }, (_, n) => `${n}`));
      const answer = await request(`${cluster.url}/api/rooms/${room}`, { token: ann.token });
      expect(answer.status).to.equal(200);

      const told = (): string[] =>
        cluster.log
          .slice(earlier)
          .filter((line) => line.includes('cannot be sent'))
          .map((line) => line.split(':')[0] ?? '');
      await eventually(() => expect(told()).to.include.members(['api-1', 'gateway-1', 'gateway-2']), 15_000);
      expect(told(), 'one line each').to.have.length(new Set(told()).size);
    });
  });

  describe('of a share', () => {
    before(() => start('0.1'));
    after(stop);

    it('are of the same messages at all nodes', async () => {
      const count = 600;
      for (let n = 0; n < count; n++) clients[n % 2]?.send(`${n}`);
      await Promise.all(clients.map((client) => client.messages(count)));
      await Promise.all(clients.map((client) => client.close()));
      // What is left is sent when they end.
      await cluster.close();
      const places = (fits: Partial<CollectedSpan>): string[] =>
        ofRoom(fits)
          .map(({ attributes }) => String(attributes['chorus.position']))
          .sort();
      const published = places({ name: 'publish' });
      expect(published.length).to.be.within(20, 130);
      expect(places({ name: 'deliver', node: 'gateway-1' })).to.deep.equal(published);
      expect(places({ name: 'deliver', node: 'gateway-2' })).to.deep.equal(published);
      expect(places({ name: 'deliver', node: 'gateway-3' })).to.deep.equal([]);
    });
  });
});
