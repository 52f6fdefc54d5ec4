import { connectPlain, eventually, type PlainSocket, upgradeStatus } from '@chorus/testing';
import { expect } from 'chai';
import { createPerson, createRoom, type Person, request } from '../support/clients/people.js';
import type { TestCluster } from '../support/servers/cluster.js';
import { RedisProbe } from '../support/servers/redis-probe.js';
import { sharedCluster } from '../support/servers/shared.js';

describe('subscriptions to rooms, of three gateways', function () {
  this.timeout(30_000);

  let cluster: TestCluster;
  let redis: RedisProbe;
  let ann: Person;
  before(async () => {
    cluster = await sharedCluster();
    redis = await RedisProbe.open(cluster);
    ann = await createPerson(cluster.url, 'ann');
  });
  after(async () => {
    redis?.close();
  });

  const join = (gateway: number, room: number): Promise<PlainSocket> =>
    connectPlain(cluster.gateways[gateway]?.url ?? '', room, ann.token);
  /** Other suites share the cluster, so only own rooms count. */
  const subscribersOf = (rooms: readonly number[]): Promise<number[]> =>
    Promise.all(rooms.map((room) => redis.subscribers(room)));
  const noneSubscribed = (rooms: readonly number[]) =>
    eventually(async () => expect(await subscribersOf(rooms)).to.deep.equal(rooms.map(() => 0)));

  it('are as many as there are gateways with members, so that a message costs the others nothing', async () => {
    const room = await createRoom(cluster.url, ann);
    const sockets: PlainSocket[] = [];
    for (const gateway of [0, 0, 1, 1, 2]) {
      sockets.push(await join(gateway, room));
      expect(await redis.subscribers(room)).to.equal(gateway + 1);
      sockets.at(-1)?.send('hello');
      await sockets.at(-1)?.message('hello');
      expect(await redis.subscribers(room)).to.equal(gateway + 1);
    }
    for (const gateway of [2, 1, 0]) {
      const leaving = gateway === 2 ? sockets.slice(4) : sockets.slice(2 * gateway, 2 * gateway + 2);
      await Promise.all(leaving.map((socket) => socket.close()));
      await eventually(async () => expect(await redis.subscribers(room)).to.equal(gateway));
    }
  });

  it('are only to the rooms that a gateway has members of', async () => {
    const rooms = [0, 0, 0];
    for (const gateway of rooms.keys()) rooms[gateway] = await createRoom(cluster.url, ann);
    const sockets = await Promise.all(rooms.map((room, gateway) => join(gateway, room)));
    expect(await subscribersOf(rooms)).to.deep.equal([1, 1, 1]);
    await Promise.all(sockets.map((socket) => socket.close()));
    await noneSubscribed(rooms);
  });

  it('leave nothing behind when people come and go at once, in many rooms', async () => {
    const rooms = await Promise.all(Array.from({ length: 20 }, () => createRoom(cluster.url, ann)));
    for (let round = 0; round < 3; round++) {
      const comings = rooms.flatMap((room) =>
        [0, 1, 2].map(async (gateway) => {
          const socket = await join(gateway, room);
          if (gateway === round) socket.socket.terminate();
          return socket.close();
        }),
      );
      await Promise.all(comings);
    }
    await noneSubscribed(rooms);

    const [room = 0] = rooms;
    const sockets = await Promise.all([join(0, room), join(1, room), join(2, room)]);
    sockets[0]?.send('it still works');
    await Promise.all(sockets.map((socket) => socket.message('it still works')));
    await Promise.all(sockets.map((socket) => socket.close()));
    await noneSubscribed(rooms);
  });

  it('end with a room that is deleted, and are not made by upgrades that are refused', async () => {
    const room = await createRoom(cluster.url, ann);
    const sockets = await Promise.all([join(0, room), join(1, room)]);
    await request(`${cluster.url}/api/rooms/${room}`, { method: 'DELETE', token: ann.token });
    await Promise.all(sockets.map(({ ended }) => ended));
    for (const { url } of cluster.gateways) expect(await upgradeStatus(url, room, ann.token)).to.equal(404);
    await noneSubscribed([room]);
  });
});
