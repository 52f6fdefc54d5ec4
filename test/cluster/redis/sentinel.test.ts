import { type LocalRedisSentinel, startRedisSentinel } from '@chorus/local';
import { connectV1, eventually, type V1Socket } from '@chorus/testing';
import { expect } from 'chai';
import { createPerson, createRoom, type Person, request } from '../../support/clients/people.js';
import { startTestCluster, type TestCluster } from '../../support/servers/cluster.js';

describe('a cluster whose Redis is named by Sentinels', function () {
  this.timeout(90_000);

  let redis: LocalRedisSentinel;
  let cluster: TestCluster;
  let ann: Person;
  let room: number;
  let sockets: V1Socket[];

  before(async () => {
    redis = await startRedisSentinel({ password: 'of-servers', args: ['--appendonly', 'yes'] });
    cluster = await startTestCluster({ gateways: 2, apis: 1, env: { REDIS_URL: redis.url } });
    ann = await createPerson(cluster.url, 'ann');
    room = await createRoom(cluster.url, ann);
    sockets = [];
    for (const { url } of cluster.gateways) {
      const socket = await connectV1(url, ann.token);
      await socket.join(room);
      sockets.push(socket);
    }
  });
  after(async () => {
    await Promise.all(sockets.map((socket) => socket.close()));
    await cluster?.close();
    await redis?.close();
  });

  /** Sends a message until it is acked. */
  const send = (content: string): Promise<void> =>
    eventually(async () => {
      sockets[0]?.send({ type: 'publish', roomId: room, clientMsgId: content, content });
      const answer = await sockets[0]?.next(
        (frame) => 'clientMsgId' in frame && frame.clientMsgId === content && frame.type !== 'message',
        2_000,
      );
      expect(answer?.type).to.equal('ack');
    }, 40_000);

  it('goes on after the primary was killed, with the same sockets and every message that was acked', async () => {
    const texts: string[] = [];
    for (let n = 0; n < 20; n++) {
      texts.push(`before-${n}`);
      await send(`before-${n}`);
    }
    redis.servers[0]?.kill('SIGKILL');
    for (let n = 0; n < 20; n++) {
      texts.push(`after-${n}`);
      await send(`after-${n}`);
    }
    for (const socket of sockets) {
      await eventually(() =>
        expect(socket.messages(room).map(({ content }) => content)).to.deep.equal(texts),
      );
    }
    const answer = await request(`${cluster.url}/api/rooms/${room}/messages?limit=100`, { token: ann.token });
    const history = answer.body.messages.map(({ content }: { content: string }) => content);
    expect(history.toSorted()).to.deep.equal(texts.toSorted());
    for (const { url } of [...cluster.gateways, ...cluster.apis]) {
      await eventually(async () =>
        expect((await request(`${url}/readyz`)).body).to.deep.equal({ status: 'ready' }),
      );
    }
  });
});
