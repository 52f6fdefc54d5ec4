import { createDatabase, type Database } from '@chorus/database';
import { listenForEvents, recordedEvents } from '@chorus/database/testing';
import { CLOSE, KEY_SCOPE_NAMES } from '@chorus/protocol';
import { connectV1, eventually, patiently, upgradeStatus, type V1Socket } from '@chorus/testing';
import { expect } from 'chai';
import { OPERATOR_SETTINGS, operate } from '../support/clients/operator.js';
import { type Answer, createPerson, type Person, request } from '../support/clients/people.js';
import { startTestCluster, type TestCluster } from '../support/servers/cluster.js';

describe('users whom a program renames or deletes', function () {
  this.timeout(60_000);
  let cluster: TestCluster;
  let db: Database;
  let key: string;
  let ann: Person;
  const sockets: V1Socket[] = [];

  before(async () => {
    cluster = await startTestCluster({ apis: 2, gateways: 2, archivers: 0, env: OPERATOR_SETTINGS });
    db = createDatabase(cluster.postgres.url, { poolSize: 4, timeoutMs: patiently(10_000) });
    key = (await operate(cluster, 'POST /keys', { name: 'app', scopes: KEY_SCOPE_NAMES })).body.key;
    ann = await createPerson(cluster.url, 'ann');
  });
  afterEach(() => Promise.all(sockets.splice(0).map((socket) => socket.close())));
  after(async () => {
    await db?.$disconnect();
    await cluster?.close();
  });

  const call = (method: string, path: string, body?: unknown, url = cluster.url): Promise<Answer> =>
    request(`${url}/api${path}`, { method, body, token: key });
  /** Rooms of Ann with another member, in ascending order. */
  const newRooms = async (member: Person, count: number): Promise<number[]> => {
    const rooms: number[] = [];
    while (rooms.length < count) {
      const made = await request(`${cluster.url}/api/rooms`, {
        body: { name: 'club', kind: 'private' },
        token: ann.token,
      });
      await call('PUT', `/rooms/${made.body.id}/members/${member.id}`, {});
      rooms.push(made.body.id);
    }
    return rooms;
  };
  const enter = async (person: Pick<Person, 'token'>, room: number, gateway = 0): Promise<V1Socket> => {
    const socket = await connectV1(cluster.gateways[gateway]?.url ?? '', person.token);
    sockets.push(socket);
    await socket.join(room);
    return socket;
  };

  it('keep their name on open sockets, and have the new one on those of a renewed token', async () => {
    const ben = await createPerson(cluster.url, 'ben');
    const [room = 0] = await newRooms(ben, 1);
    const old = await enter(ben, room);
    const username = `${ben.username}-new`;
    expect((await call('PATCH', `/users/${ben.id}`, { username })).body.username).to.equal(username);
    await old.publish(room, 'by the old socket', 'a');
    const renewed = await request(`${cluster.url}/api/users/refresh`, { method: 'POST', token: ben.token });
    const socket = await enter(renewed.body as Person, room, 1);
    await socket.publish(room, 'by the new socket', 'b');
    const { messages } = (await call('GET', `/rooms/${room}/messages`)).body;
    expect(
      messages.map((message: Person & { userId: number }) => [message.userId, message.username]),
    ).to.deep.equal([
      [ben.id, ben.username],
      [ben.id, username],
    ]);
  });

  it('have no sockets any more once they are deleted, persons and bots', async () => {
    const ben = await createPerson(cluster.url, 'ben');
    const [room = 0] = await newRooms(ben, 1);
    const bot = (await call('POST', '/users', { username: `bot-${ben.username}`, kind: 'bot' })).body.id;
    await call('PUT', `/rooms/${room}/members/${bot}`, {});
    const scopes = ['messages:write', 'history:read'];
    const own = (await operate(cluster, 'POST /keys', { name: 'own', scopes, botId: bot })).body.key;
    const issued = await request(`${cluster.url}/api/keys/token`, { method: 'POST', token: own });
    for (const [id, token] of [
      [ben.id, ben.token],
      [bot, issued.body.token],
    ]) {
      const open = await Promise.all([enter({ token }, room, 0), enter({ token }, room, 1)]);
      expect((await call('DELETE', `/users/${id}`)).status).to.equal(204);
      const ends = await Promise.all(open.map((socket) => socket.ended));
      expect(ends.map(({ code }) => code)).to.deep.equal(open.map(() => CLOSE.unauthenticated.code));
      expect(await upgradeStatus(cluster.url, room, token)).to.equal(401);
    }
    await eventually(async () =>
      expect((await request(`${cluster.url}/api/rooms`, { token: own })).status).to.equal(401),
    );
  });

  it('leave every room once, also when the API is killed in the middle', async () => {
    await listenForEvents(db);
    const ben = await createPerson(cluster.url, 'ben');
    const rooms = await newRooms(ben, 3);
    const [first = 0, second = 0] = rooms;
    const watching = await Promise.all(rooms.map((room) => enter(ann, room)));
    const isMember = (room: number) => db.roomMember.count({ where: { roomId: room, userId: ben.id } });
    const victim = cluster.apis[1];
    let asked: Promise<unknown> | undefined;
    await db.$transaction(
      async (tx) => {
        // The deletion waits for this room, behind the first one.
        await tx.$queryRaw`SELECT id FROM rooms WHERE id = ${BigInt(second)} FOR UPDATE`;
        asked = call('DELETE', `/users/${ben.id}`, undefined, victim?.url).catch(() => undefined);
        await eventually(async () => expect(await isMember(first)).to.equal(0));
        process.kill(victim?.pid ?? 0, 'SIGKILL');
        await asked;
        expect([
          await isMember(second),
          await db.userDeletion.count({ where: { userId: ben.id } }),
        ]).to.deep.equal([1, 1]);
      },
      { timeout: patiently(20_000) },
    );
    await eventually(async () => expect(await Promise.all(rooms.map(isMember))).to.deep.equal([0, 0, 0]));
    for (const [at, room] of rooms.entries()) {
      const change = await watching[at]?.of('change', room);
      expect(change).to.include({ change: 'member-removed', userId: ben.id });
    }
    const about = (await recordedEvents(db)).filter(({ userId }) => userId === ben.id);
    expect(about.map(({ type, roomId }) => [type, roomId]).sort()).to.deep.equal(
      [
        ['user.created', null],
        ...rooms.map((room) => ['member.added', room]),
        ['user.deleted', null],
        ...rooms.map((room) => ['member.removed', room]),
      ].sort(),
    );
  });
});
