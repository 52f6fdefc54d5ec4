import { createDatabase, type Database } from '@chorus/database';
import {
  connectPlain,
  connectV1,
  eventually,
  type PlainSocket,
  patiently,
  upgradeStatus,
  type V1Socket,
} from '@chorus/testing';
import { expect } from 'chai';
import { createPerson, createRoom, type Person, request } from '../support/clients/people.js';
import type { TestCluster } from '../support/servers/cluster.js';
import { RedisProbe } from '../support/servers/redis-probe.js';
import { sharedCluster } from '../support/servers/shared.js';

const DELETED = { code: 4404, reason: 'room deleted' };

describe('rooms, of two APIs and three gateways', function () {
  this.timeout(30_000);

  let cluster: TestCluster;
  let redis: RedisProbe;
  let db: Database;
  let ann: Person;
  before(async () => {
    cluster = await sharedCluster();
    redis = await RedisProbe.open(cluster);
    db = createDatabase(cluster.postgres.url, { poolSize: 1, timeoutMs: patiently(10_000) });
    ann = await createPerson(cluster.url, 'ann');
  });
  after(async () => {
    redis?.close();
    await db?.$disconnect();
  });

  const onEveryGateway = <T>(work: (url: string) => Promise<T>): Promise<T[]> =>
    Promise.all(cluster.gateways.map(({ url }) => work(url)));
  const join = (room: number): Promise<PlainSocket[]> =>
    onEveryGateway((url) => connectPlain(url, room, ann.token));
  const statuses = (room: number): Promise<number[]> =>
    onEveryGateway((url) => upgradeStatus(url, room, ann.token));
  const deleteThrough = (api: string, room: number) =>
    request(`${api}/api/rooms/${room}`, { method: 'DELETE', token: ann.token });

  it('created through one API can be entered at once through every gateway, and is known to the other', async () => {
    for (let round = 0; round < 5; round++) {
      for (const { url } of cluster.apis) {
        const room = await createRoom(url, ann);
        const sockets = await join(room);
        sockets[round % 3]?.send('first');
        await Promise.all(sockets.map((socket) => socket.message('first')));
        for (const api of cluster.apis) {
          const answer = await request(`${api.url}/api/rooms/${room}`, { token: ann.token });
          expect(answer.body).to.include({ id: room, createdBy: ann.id });
        }
        await Promise.all(sockets.map((socket) => socket.close()));
      }
    }
  });

  it('created, renamed and deleted through one API reach clients that watch the list, on every gateway', async () => {
    const sockets = await onEveryGateway((url) => connectV1(url, ann.token));
    for (const socket of sockets) socket.send({ type: 'watch-rooms' });
    for (const socket of sockets) expect(await socket.of('rooms-changed')).to.include({ complete: false });
    /** What the socket has received about the room, in order. */
    const received = ({ frames }: V1Socket, room: number): string[] =>
      frames.flatMap((frame) => {
        if (frame.type !== 'rooms-changed') return [];
        const names = frame.rooms.filter(({ id }) => id === room).map(({ name }) => name);
        return frame.gone.includes(room) ? [...names, 'gone'] : names;
      });
    const expectReceived = async (room: number, ...what: string[]): Promise<void> => {
      for (const socket of sockets)
        await eventually(() => expect(received(socket, room)).to.deep.equal(what));
    };
    for (const { url } of cluster.apis) {
      const room = await createRoom(url, ann, 'cellar');
      await expectReceived(room, 'cellar');
      const body = { name: 'vault' };
      await request(`${url}/api/rooms/${room}`, { method: 'PATCH', token: ann.token, body });
      await expectReceived(room, 'cellar', 'vault');
      expect((await deleteThrough(url, room)).status).to.equal(204);
      await expectReceived(room, 'cellar', 'vault', 'gone');
    }
    for (const socket of sockets) await socket.close();
  });

  it('deleted through one API are gone from every gateway and from the other', async () => {
    for (const { url } of cluster.apis) {
      const room = await createRoom(url, ann);
      const sockets = await join(room);
      expect((await deleteThrough(url, room)).status).to.equal(204);
      for (const { ended } of sockets) expect(await ended).to.deep.equal(DELETED);
      expect(await statuses(room)).to.deep.equal([404, 404, 404]);
      for (const api of cluster.apis) {
        const answer = await request(`${api.url}/ws/get-clients/${room}`, { token: ann.token });
        expect(answer.status).to.equal(404);
      }
    }
  });

  it('without members are refused by every gateway as soon as they are deleted', async () => {
    for (let round = 0; round < 5; round++) {
      const room = await createRoom(cluster.url, ann);
      expect((await deleteThrough(cluster.url, room)).status).to.equal(204);
      expect(await statuses(room)).to.deep.equal([404, 404, 404]);
    }
  });

  it('can be created again under the same id, and share nothing with what was there', async () => {
    const room = await createRoom(cluster.url, ann);
    const old = await join(room);
    old[0]?.send('old');
    await Promise.all(old.map((socket) => socket.message('old')));
    for (let round = 0; round < 5; round++) {
      expect((await deleteThrough(cluster.url, room)).status).to.equal(204);
      const body = { id: room, name: 'again' };
      expect((await request(`${cluster.url}/ws/create-room`, { body, token: ann.token })).status).to.equal(
        200,
      );
    }
    for (const { ended } of old) expect(await ended).to.deep.equal(DELETED);
    const sockets = await join(room);
    sockets[0]?.send('new');
    for (const socket of sockets) {
      expect(await socket.message('new')).to.include({ seq: 1 });
      expect(await socket.messages(1)).to.deep.equal(['new']);
    }
    await Promise.all(sockets.map((socket) => socket.close()));
  });

  describe('of which an API wrote to PostgreSQL only, before it died', () => {
    it('can be entered soon, when they were created', async () => {
      const room = 2 ** 48 + 1;
      await db.$executeRaw`INSERT INTO rooms (id, name, creator_id) VALUES (${room}, 'half', ${ann.id})`;
      await redis.notePendingChange(room);
      await eventually(async () => expect(await statuses(room)).to.deep.equal([101, 101, 101]));
      const sockets = await join(room);
      sockets[0]?.send('whole');
      await Promise.all(sockets.map((socket) => socket.message('whole')));
      await Promise.all(sockets.map((socket) => socket.close()));
      await eventually(async () => expect(await redis.pendingChanges()).to.not.include(room));
    });

    it('are gone soon, sockets and all, when they were deleted', async () => {
      const room = await createRoom(cluster.url, ann);
      const sockets = await join(room);
      await db.$executeRaw`DELETE FROM rooms WHERE id = ${room}`;
      await redis.notePendingChange(room);
      for (const { ended } of sockets) expect(await ended).to.deep.equal(DELETED);
      expect(await statuses(room)).to.deep.equal([404, 404, 404]);
      await eventually(async () => expect(await redis.pendingChanges()).to.not.include(room));
    });
  });
});
