import { freePort } from '@chorus/local';
import { connectPlain, eventually } from '@chorus/testing';
import { expect } from 'chai';
import { expectDocumented } from '../docs/metrics-page.js';
import { createPerson, createRoom, request } from '../support/clients/people.js';
import { readMetrics } from '../support/metrics.js';
import { startTestStandalone, type TestStandalone } from '../support/servers/standalone.js';

describe('the metrics of standalone', function () {
  this.timeout(120_000);

  let standalone: TestStandalone;
  let operatorUrl: string;

  before(async () => {
    const port = await freePort();
    operatorUrl = `http://127.0.0.1:${port}`;
    standalone = await startTestStandalone({ OPERATOR_PORT: String(port), ARCHIVE_INTERVAL_MS: '20' });
  });
  after(() => standalone?.close());

  it('are those of all services, on one port, once', async () => {
    // There is no Redis, and a start is not told of several together.
    const redis = ['chorus_redis_connected', 'chorus_redis_errors_total', 'chorus_redis_refusals_total'];
    const omitted = [...redis, 'process_start_time_seconds'];
    expectDocumented(await readMetrics(operatorUrl), ['api', 'archiver', 'dispatcher', 'gateway'], omitted);
  });

  it('add up what both gateways do, beside the rest', async () => {
    const ann = await createPerson(standalone.url, 'ann');
    const room = await createRoom(standalone.url, ann);
    // The balancer gives them to the gateways by turns.
    const sockets = [];
    for (let n = 0; n < 4; n++) sockets.push(await connectPlain(standalone.url, room, ann.token));
    for (const socket of sockets) socket.send('hello');
    for (const socket of sockets) await socket.messages(4);
    await eventually(async () => {
      const now = await readMetrics(operatorUrl);
      expect(now.value('chorus_gateway_connections{protocol="plain"}')).to.equal(4);
      expect(now.value('chorus_gateway_messages_in_total')).to.equal(4);
      expect(now.value('chorus_gateway_messages_out_total')).to.equal(16);
      expect(now.value('chorus_gateway_state{state="ready"}')).to.equal(2);
      expect(now.value('chorus_archiver_messages_total')).to.equal(4);
      expect(now.value('chorus_archiver_lag_seconds')).to.equal(0);
      const created = 'chorus_api_requests_total{method="POST",route="/ws/create-room",status="200"}';
      expect(now.value(created)).to.equal(1);
      expect(now.value('chorus_postgres_errors_total')).to.equal(0);
      expect(now.value('process_resident_memory_bytes')).to.be.within(1e7, 1e9);
    });
    await Promise.all(sockets.map((socket) => socket.close()));
  });

  it('need no token; the operator API is not there without one', async () => {
    expect((await request(`${operatorUrl}/readyz`)).body).to.deep.equal({ status: 'ready' });
    const { status, body } = await request(`${operatorUrl}/nodes`);
    expect([status, body]).to.deep.equal([
      403,
      { error: 'there is no operator API here: OPERATOR_TOKEN is not set', code: 'operators_disabled' },
    ]);
  });
});
