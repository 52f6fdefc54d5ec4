import { freePort } from '@chorus/local';
import { eventually } from '@chorus/testing';
import { expect } from 'chai';
import { expectDocumented } from '../docs/metrics-page.js';
import { childrenOf } from '../support/gateway-processes.js';
import { type LoneGateway, startLoneGateway } from '../support/lone-gateway.js';
import { request } from '../support/people.js';
import { startProgram } from '../support/program.js';
import { connectSeed, type SeedClient } from '../support/seed-client.js';

const PROCESSES = 2;
const SOCKETS = 12;
const OPENED = 'chorus_gateway_connections_opened_total{protocol="seed"}';
const OPEN = 'chorus_gateway_connections{protocol="seed"}';
const answered = (how: 'yes' | 'no'): string => `chorus_gateway_processes{answered="${how}"}`;

describe('the metrics of several gateway processes', function () {
  this.timeout(60_000);

  let gateway: LoneGateway;
  let sockets: SeedClient[];

  before(async () => {
    const env = {
      GATEWAY_PROCESSES: String(PROCESSES),
      NODE_ID: 'group',
      MAX_CONNECTIONS: '1000',
      DRAIN_DELAY_MS: '300',
    };
    gateway = await startLoneGateway(env);
    await allAnswer();
  });
  after(() => gateway?.close());

  beforeEach(async () => {
    const room = await gateway.createRoom();
    sockets = [];
    for (let id = 1; id <= SOCKETS; id++) {
      sockets.push(await connectSeed(gateway.url, room, gateway.token(id)));
    }
  });
  afterEach(() => Promise.all(sockets.map((socket) => socket.socket.terminate())));

  const allAnswer = (): Promise<void> =>
    eventually(async () => {
      expect((await gateway.metrics()).value(answered('yes'))).to.equal(PROCESSES);
    }, 20_000);
  const pidOf = (nodeId: string): number => childrenOf(gateway.program.pid).get(nodeId) ?? 0;

  it('are added up, on one port, and documented', async () => {
    const metrics = await gateway.metrics();
    // Of which of them it is makes no sense for several.
    expectDocumented(metrics, ['gateway', 'gateway-group'], ['process_start_time_seconds']);
    expect(metrics.value(OPEN)).to.equal(SOCKETS);
    expect(metrics.value('chorus_gateway_joins_total')).to.be.at.least(SOCKETS);
    expect(metrics.value('chorus_gateway_connections_limit')).to.equal(PROCESSES * 1_000);
    expect(metrics.value('chorus_gateway_state{state="ready"}')).to.equal(PROCESSES);
    for (const node of ['group-1', 'group-2']) {
      expect(metrics.value(`chorus_build_info{service="gateway",version="0.1.0",node="${node}"}`)).to.equal(
        1,
      );
    }
    expect(metrics.value('nodejs_eventloop_utilization')).to.be.within(0, 1);
  });

  it('come without those of a process that does not answer, but its counts stay', async () => {
    const before = await gateway.metrics();
    const pid = pidOf('group-2');
    process.kill(pid, 'SIGSTOP');
    try {
      const begun = performance.now();
      const now = await gateway.metrics();
      expect(performance.now() - begun).to.be.within(900, 10_000);
      expect([now.value(answered('yes')), now.value(answered('no'))]).to.deep.equal([1, 1]);
      expect(now.value(OPENED)).to.equal(before.value(OPENED));
      expect(now.value(OPEN)).to.be.below(SOCKETS);
      expect((await request(`${gateway.operatorUrl}/readyz`)).status).to.equal(200);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await allAnswer();
    expect((await gateway.metrics()).value(OPEN)).to.equal(SOCKETS);
  });

  it('never fall when a process dies, and go on with the next one in its place', async () => {
    const before = await gateway.metrics();
    process.kill(pidOf('group-2'), 'SIGKILL');
    await eventually(async () => {
      const now = await gateway.metrics();
      expect(now.value(OPENED)).to.equal(before.value(OPENED));
      expect(now.value(answered('no'))).to.equal(1);
    });
    await allAnswer();
    const now = await gateway.metrics();
    expect(now.value(OPENED)).to.equal(before.value(OPENED));
    expect(now.value('chorus_gateway_probe_seconds_count')).to.be.at.least(
      before.value('chorus_gateway_probe_seconds_count'),
    );
    expect(now.value(OPEN)).to.be.below(SOCKETS);
  });

  it('need a port of their own: a taken one is named, and nothing starts', async () => {
    const program = startProgram('apps/gateway/dist/main.js', [], {
      GATEWAY_PROCESSES: '2',
      HOST: '127.0.0.1',
      PORT: String(await freePort()),
      OPERATOR_PORT: new URL(gateway.operatorUrl).port,
      REDIS_URL: gateway.redis.url,
      JWT_SECRET: 'x'.repeat(32),
    });
    expect(await program.ended).to.equal(1);
    expect(program.stderr).to.match(/^cannot listen on .* \(OPERATOR_PORT\): the port is already in use\n$/);
  });

  it('are there, and the port not ready, until the last one has drained', async () => {
    gateway.program.kill('SIGTERM');
    await eventually(async () => {
      const { status, body } = await request(`${gateway.operatorUrl}/readyz`);
      expect([status, body]).to.deep.equal([503, { error: 'draining' }]);
    });
    expect((await gateway.metrics()).value(OPEN)).to.be.at.most(SOCKETS);
    expect(await gateway.program.ended).to.equal(0);
  });
});
