import { setTimeout as sleep } from 'node:timers/promises';
import { connectPlain, connectV1, type V1Socket } from '@chorus/testing';
import { expect } from 'chai';
import { createPerson, createRoom } from '../../support/clients/people.js';
import { startTestCluster, type TestCluster } from '../../support/servers/cluster.js';
import { type LoneGateway, startLoneGateway } from '../../support/servers/lone-gateway.js';

describe('gateway whose process stands still and goes on', function () {
  this.timeout(60_000);

  describe('for longer than its presence lease', () => {
    let cluster: TestCluster;

    before(async () => {
      const env = { PRESENCE_LEASE_MS: '1000', PRESENCE_GRACE_MS: '100' };
      cluster = await startTestCluster({ gateways: 2, apis: 1, archivers: 0, env });
    });
    after(() => cluster?.close());

    it('announces a user who left meanwhile only once', async () => {
      const [frozen, other] = cluster.gateways;
      if (frozen === undefined || other === undefined) throw new Error('there are two gateways');
      const [watcher, gone, here] = [
        await createPerson(cluster.url, 'watcher'),
        await createPerson(cluster.url, 'gone'),
        await createPerson(cluster.url, 'here'),
      ];
      const room = await createRoom(cluster.url, watcher);
      const watching = await connectPlain(other.url, room, watcher.token);
      const told = (type: 'joined' | 'left', { username }: { username: string }) =>
        watching.next((frame) => frame.type === type && frame.username === username, 20_000);
      const leaving = await connectPlain(frozen.url, room, gone.token);
      await told('joined', gone);
      const staying = await connectPlain(frozen.url, room, here.token);
      await told('joined', here);

      frozen.kill('SIGSTOP');
      const left = (username: string) =>
        watching.frames.some((frame) => frame.type === 'left' && frame.username === username);
      while (!left(gone.username) || !left(here.username)) await watching.next(() => true, 20_000);
      leaving.socket.terminate();
      frozen.kill('SIGCONT');
      await told('joined', here);
      // By the time at which this departure is told, one of the other would have been.
      await staying.close();
      await told('left', here);
      const about = ({ username }: { username: string }) =>
        watching.frames.filter((frame) => frame.username === username).map(({ type }) => type);
      expect(about(gone)).to.deep.equal(['joined', 'left']);
      expect(about(here)).to.deep.equal(['joined', 'left', 'joined', 'left']);
      await watching.close();
    });
  });

  describe('for longer than its sockets may be idle', () => {
    const IDLE_SECONDS = 8;
    let gateway: LoneGateway;

    before(async () => {
      gateway = await startLoneGateway({ IDLE_TIMEOUT_SECONDS: String(IDLE_SECONDS) });
    });
    after(() => gateway?.close());

    /** What was sent meanwhile waits in the sockets. */
    async function standStill(ms: number, meanwhile: () => void): Promise<void> {
      gateway.program.kill('SIGSTOP');
      meanwhile();
      await sleep(ms);
      gateway.program.kill('SIGCONT');
    }

    async function lastSeq(roomId: number): Promise<number> {
      const client = await connectV1(gateway.url, gateway.token(9));
      const { seq } = await client.join(roomId);
      await client.close();
      return seq;
    }

    it('reads nothing that waited in its sockets, and ends them', async () => {
      const roomId = await gateway.createRoom();
      const plain = await connectPlain(gateway.url, roomId, gateway.token(1));
      const v1: V1Socket = await connectV1(gateway.url, gateway.token(2));
      await v1.join(roomId);
      const silent = await connectV1(gateway.url, gateway.token(3));
      await silent.join(roomId);
      plain.send('before');
      await plain.message('before');

      await standStill((IDLE_SECONDS + 2) * 1_000, () => {
        plain.send('waited');
        v1.send({ type: 'publish', roomId, clientMsgId: 'waited', content: 'waited' });
      });
      expect((await plain.ended).code).to.equal(1012);
      expect((await v1.ended).code).to.equal(1012);
      expect((await silent.ended).code).to.equal(1012);
      expect(v1.frames.map(({ type }) => type))
        .to.include('reconnect')
        .and.not.to.include('ack');
      expect(await lastSeq(roomId)).to.equal(1);
    });

    it('takes new sockets as before', async () => {
      const roomId = await gateway.createRoom();
      const client = await connectPlain(gateway.url, roomId, gateway.token(1));
      client.send('after');
      await client.message('after');
      await client.close();
    });

    it('reads what waited for a shorter time', async () => {
      const roomId = await gateway.createRoom();
      const client = await connectPlain(gateway.url, roomId, gateway.token(1));
      await standStill(2_000, () => client.send('waited'));
      await client.message('waited');
      await client.close();
    });
  });
});
