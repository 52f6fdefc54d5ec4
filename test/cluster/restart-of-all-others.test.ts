import { setTimeout as sleep } from 'node:timers/promises';
import { connectV1 } from '@chorus/testing';
import { expect } from 'chai';
import { createPerson, createRoom } from '../support/clients/people.js';
import { startTestCluster, type TestCluster } from '../support/servers/cluster.js';

const PAUSE_MS = 20;

describe('a restart of all APIs, archivers and dispatchers at once, while gateways start', function () {
  this.timeout(120_000);

  let cluster: TestCluster;
  before(async () => {
    cluster = await startTestCluster({ gateways: 2, apis: 2, archivers: 2, dispatchers: 1 });
  });
  after(() => cluster?.close());

  it('does not keep clients that stay connected from acks: those wait for Redis alone', async () => {
    const ann = await createPerson(cluster.url, 'ann');
    const room = await createRoom(cluster.url, ann);
    const socket = await connectV1(cluster.gateways[0]?.url ?? '', ann.token);
    await socket.join(room);
    const others = [...cluster.apis, ...cluster.archivers, ...cluster.dispatchers];
    let restarted = false;
    const restarting = Promise.all([
      cluster.addGateway(),
      ...others.map(async (member) => {
        await member.stop();
        await member.start();
      }),
    ]).finally(() => {
      restarted = true;
    });
    let sent = 0;
    for (; !restarted; sent++) {
      const { seq } = await socket.publish(room, 'meanwhile', `meanwhile-${sent}`);
      expect(seq).to.equal(sent + 1);
      await sleep(PAUSE_MS);
    }
    await restarting;
    expect(sent).to.be.greaterThan(10);
    expect(socket.frames.filter(({ type }) => type === 'error')).to.deep.equal([]);
    await socket.close();
  });
});
