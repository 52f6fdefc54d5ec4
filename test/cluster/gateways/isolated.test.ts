import { freePort } from '@chorus/local';
import { connectV1, eventually } from '@chorus/testing';
import { expect } from 'chai';
import { createPerson, createRoom, request } from '../../support/clients/people.js';
import { ChaosProxy } from '../../support/servers/chaos-proxy.js';
import { startTestCluster, type TestCluster } from '../../support/servers/cluster.js';
import { launchGateway, type OwnGateway } from '../../support/servers/own-gateway.js';

describe('a gateway that alone is cut off from Redis, among three', function () {
  this.timeout(60_000);

  let cluster: TestCluster;
  let redis: ChaosProxy;
  let gateway: OwnGateway;

  before(async () => {
    cluster = await startTestCluster({ gateways: 2, apis: 1, archivers: 0 });
    redis = await ChaosProxy.start(cluster.redis.url);
    gateway = launchGateway(cluster, await freePort(), {
      NODE_ID: 'gateway-3',
      REDIS_URL: Object.assign(new URL(cluster.redis.url), { host: new URL(redis.url).host }).href,
      REDIS_TIMEOUT_MS: '1000',
      ISOLATED_AFTER_MS: '1500',
    });
    await eventually(async () => expect(await ready()).to.deep.equal([200, { status: 'ready' }]), 20_000);
  });
  after(async () => {
    gateway?.program.kill('SIGTERM');
    await gateway?.program.ended;
    await redis?.close();
    await cluster?.close();
  });

  const ready = async (): Promise<unknown> => {
    const { status, body } = await request(`${gateway.url}/readyz`);
    return [status, body];
  };

  it('sends its clients to the others, and takes them again when it is back', async () => {
    const ann = await createPerson(cluster.url, 'ann');
    const room = await createRoom(cluster.url, ann);
    const client = await connectV1(gateway.url, ann.token);
    await client.join(room);
    client.send({ type: 'publish', roomId: room, clientMsgId: 'm1', content: 'before' });
    await client.of('ack');
    // It has read who the others are by then: it does so when it starts, and every few seconds.
    redis.silent = true;
    for (const connection of redis.connections) connection.freeze();

    await client.of('reconnect', undefined, 30_000);
    expect((await client.ended).code).to.equal(1012);
    const { status, body } = await request(`${gateway.url}/readyz`);
    expect(status).to.equal(503);
    expect(body)
      .to.have.property('error')
      .that.matches(/^only here Redis /);
    const elsewhere = await connectV1(cluster.gateways[0]?.url ?? '', ann.token);
    await elsewhere.join(room);
    elsewhere.send({ type: 'publish', roomId: room, clientMsgId: 'm2', content: 'after' });
    await elsewhere.of('ack');

    redis.silent = false;
    await eventually(async () => expect(await ready()).to.deep.equal([200, { status: 'ready' }]), 20_000);
    const back = await connectV1(gateway.url, ann.token);
    expect((await back.join(room)).seq).to.equal(2);
    await back.close();
    await elsewhere.close();
  });
});
