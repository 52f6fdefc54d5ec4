import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '@chorus/local';
import { CLOSE } from '@chorus/protocol';
import { connectPlain, connectV1, eventually, type V1Socket } from '@chorus/testing';
import { expect } from 'chai';
import { createPerson, createRoom, type Person, request } from '../support/clients/people.js';
import { ChaosProxy } from '../support/servers/chaos-proxy.js';
import { startTestCluster, type TestCluster } from '../support/servers/cluster.js';
import { launchGateway, type OwnGateway } from '../support/servers/own-gateway.js';

describe('a room that is deleted and made again under its id', function () {
  this.timeout(60_000);

  let cluster: TestCluster;
  let redis: ChaosProxy;
  /** Behind the proxy. */
  let gateway: OwnGateway;
  let ann: Person;
  let bob: Person;

  before(async () => {
    cluster = await startTestCluster({ gateways: 1, apis: 1, archivers: 0 });
    redis = await ChaosProxy.start(cluster.redis.url);
    gateway = launchGateway(cluster, await freePort(), {
      REDIS_URL: Object.assign(new URL(cluster.redis.url), { host: new URL(redis.url).host }).href,
      REDIS_TIMEOUT_MS: '1000',
      ISOLATED_AFTER_MS: '0',
    });
    await eventually(async () => {
      const { body } = await request(`${gateway.url}/readyz`);
      expect(body).to.deep.equal({ status: 'ready' });
    }, 20_000);
    ann = await createPerson(cluster.url, 'ann');
    bob = await createPerson(cluster.url, 'bob');
  });
  after(async () => {
    gateway?.program.kill('SIGTERM');
    await gateway?.program.ended;
    await redis?.close();
    await cluster?.close();
  });

  async function remake(room: number): Promise<void> {
    const gone = await request(`${cluster.url}/api/rooms/${room}`, { method: 'DELETE', token: ann.token });
    expect(gone.status).to.equal(204);
    const made = await request(`${cluster.url}/ws/create-room`, {
      method: 'POST',
      token: ann.token,
      body: { id: room, name: `again ${room}` },
    });
    expect(made.status).to.equal(200);
  }

  /** A gateway whose connections to Redis have just come back may answer "try again". */
  async function enter(socket: V1Socket, room: number): Promise<void> {
    for (;;) {
      socket.send({ type: 'join', roomId: room });
      const answer = await socket.next(({ type }) => type === 'room-joined' || type === 'error');
      if (answer.type !== 'error') return;
      expect(answer).to.include({ request: 'join', retry: true });
      await sleep(100);
    }
  }

  it('has no members of the old one whose gateway was cut off meanwhile', async () => {
    const room = await createRoom(cluster.url, ann);
    const v1 = await connectV1(gateway.url, bob.token);
    await enter(v1, room);
    const plain = await connectPlain(gateway.url, room, bob.token);
    plain.send('in the old one');
    await plain.message('in the old one');

    redis.silent = true;
    for (const connection of redis.connections) connection.freeze();
    await remake(room);
    const elsewhere = await connectPlain(cluster.gateways[0]?.url ?? '', room, ann.token);
    elsewhere.send('in the new one');
    await elsewhere.message('in the new one');
    redis.silent = false;

    expect(await v1.of('room-left', undefined, 20_000)).to.include({ roomId: room, reason: 'deleted' });
    expect((await plain.ended).code).to.equal(CLOSE.roomDeleted.code);
    for (const { frames } of [v1, plain]) {
      const contents = frames.map((frame) => ('content' in frame ? frame.content : ''));
      expect(contents).not.to.include('in the new one');
    }
    await enter(v1, room);
    elsewhere.send('hello');
    await v1.next((frame) => frame.type === 'message' && frame.content === 'hello');
    await v1.close();
    await elsewhere.close();
  });
});
