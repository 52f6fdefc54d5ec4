import { freePort } from '@chorus/local';
import { expect } from 'chai';
import { startTestCluster, type TestCluster } from '../support/cluster.js';
import { type GatewayProcesses, launchGateway, startGatewayProcesses } from '../support/gateway-processes.js';
import { OPERATOR_SETTINGS } from '../support/operator.js';

describe('a gateway of several processes that cannot start', function () {
  this.timeout(30_000);

  let cluster: TestCluster;
  const launched: GatewayProcesses[] = [];

  before(async () => {
    cluster = await startTestCluster({ gateways: 0, apis: 1, archivers: 0, env: OPERATOR_SETTINGS });
  });
  after(() => cluster?.close());
  afterEach(async () => {
    for (const { program } of launched.splice(0)) {
      program.kill('SIGKILL');
      await program.ended;
    }
  });

  /** What it says, and the status with which it ends. */
  const failure = async (port: number, env: Record<string, string>) => {
    // Fewer sockets than this machine has descriptors for: a warning about that is another matter.
    const gateway = launchGateway(cluster, port, {
      NODE_ID: `other-${port}`,
      MAX_CONNECTIONS: '100',
      ...env,
    });
    launched.push(gateway);
    return { status: await gateway.program.ended, said: gateway.program.stderr };
  };
  const portOf = ({ url }: GatewayProcesses): number => Number(new URL(url).port);
  const taken = (port: number) => ({
    status: 1,
    said: `cannot listen on 127.0.0.1:${port}: the port is taken or not allowed\n`,
  });

  it('says in one line which setting is wrong', async () => {
    const port = await freePort();
    expect(await failure(port, { GATEWAY_PROCESSES: 'many' })).to.deep.equal({
      status: 1,
      said: 'GATEWAY_PROCESSES="many" is not valid: must be a whole number from 1 to 128, or auto\n',
    });
    expect(await failure(port, { GATEWAY_PROCESSES: '3', MAX_CONNECTIONS: '-1' })).to.deep.equal({
      status: 1,
      said: 'MAX_CONNECTIONS="-1" is not valid: must be a whole number from 1 to 1000000\n',
    });
    const long = 'n'.repeat(63);
    expect(await failure(port, { GATEWAY_PROCESSES: '3', NODE_ID: long })).to.deep.equal({
      status: 1,
      said: `NODE_ID="${long}" is not valid: it may have 62 characters with GATEWAY_PROCESSES=3\n`,
    });
  });

  it('says in one line that a gateway of several processes has the port', async () => {
    const gateway = await startGatewayProcesses(cluster, 2);
    launched.push(gateway);
    const port = portOf(gateway);
    expect(await failure(port, { GATEWAY_PROCESSES: '2' })).to.deep.equal(taken(port));
    expect(await failure(port, {})).to.deep.equal(taken(port));
  });

  it('says in one line that a gateway alone has the port', async () => {
    const port = await freePort();
    const single = launchGateway(cluster, port, { LOG_LEVEL: 'info' });
    launched.push(single);
    while (!single.program.stderr.includes('gateway is listening')) await new Promise(setImmediate);
    expect(await failure(port, { GATEWAY_PROCESSES: '2' })).to.deep.equal(taken(port));
  });
});
