import { MemoryBroker, MemoryRoomDirectory, MemoryRoomHistory, MemoryRoomStore } from '@chorus/broker';
import { MemoryAccessList } from '@chorus/control';
import type { Database } from '@chorus/database';
import {
  ACCESS,
  KEY_SCOPE_NAMES,
  keyAccessTo,
  ROOM_KINDS,
  type RoomAction,
  type RoomKind,
} from '@chorus/protocol';
import { type Answer, until } from '@chorus/testing';
import { expect } from 'chai';
import { type Client, openDatabase, type RunningApi, startApi } from '../testing/api.js';
import { newKey, newUsers, withKey } from '../testing/keys.js';

const ANN = { id: 1, username: 'ann' };
const BEN = { id: 2, username: 'ben' };
const CAT = { id: 3, username: 'cat' };

describe('a key that acts as no user', function () {
  this.timeout(60_000);
  let db: Database;
  let rooms: MemoryRoomStore;
  let running: RunningApi;

  before(async () => {
    db = (await openDatabase()).db;
    await newUsers(db, [ANN, BEN, CAT]);
    rooms = new MemoryRoomStore();
    const access = new MemoryAccessList();
    running = await startApi(
      db,
      {},
      {
        access,
        directory: new MemoryRoomDirectory(rooms),
        publisher: new MemoryBroker(rooms),
        messagePublisher: new MemoryBroker(rooms),
        history: new MemoryRoomHistory(rooms),
      },
    );
    await running.mirrored();
    await until(() => access.memberships.isComplete());
  });
  after(async () => {
    await running.close();
    await db.$disconnect();
  });

  const ann = (): Client => running.client.as(ANN);
  const newRoom = async (kind: RoomKind): Promise<number> => {
    const answer =
      kind === 'direct'
        ? await ann().post('/api/direct', { userIds: [BEN.id] })
        : await ann().post('/api/rooms', { name: 'room', kind });
    if (kind !== 'direct') await ann().send('PUT', `/api/rooms/${answer.body.id}/members/${BEN.id}`, '{}');
    return answer.body.id;
  };
  const send = (room: number): Promise<Answer> =>
    ann().post(`/api/rooms/${room}/messages`, { content: 'hi' });
  /** The entries of a room, oldest first. */
  const entries = (room: number) =>
    (rooms.room(room)?.from({ epoch: 0, seq: 0 }, 100) ?? []).map(({ frame }) =>
      JSON.parse(Buffer.from(frame).toString()),
    );

  /** What each action of the table is over HTTP. Some are always those of a user, whom no path names. */
  const ACTIONS: ReadonlyArray<
    readonly [RoomAction, method: string, path: (room: number, position: string) => string, body?: object]
  > = [
    ['read', 'GET', (room) => `/api/rooms/${room}`],
    ['read', 'GET', (room) => `/api/rooms/${room}/messages`],
    ['read', 'GET', (room) => `/ws/get-clients/${room}`],
    ['listMembers', 'GET', (room) => `/api/rooms/${room}/members`],
    ['send', 'POST', (room) => `/api/rooms/${room}/messages`, { content: 'x' }],
    ['mentionRoom', 'POST', (room) => `/api/rooms/${room}/messages`, { content: 'x', mentions: ['room'] }],
    ['changeOwn', 'PATCH', (room, at) => `/api/rooms/${room}/messages/${at}`, { content: 'x' }],
    ['changeOwn', 'POST', (room, at) => `/api/rooms/${room}/messages/${at}/append`, { text: 'x' }],
    ['react', 'PUT', (room, at) => `/api/rooms/${room}/messages/${at}/reactions/x`],
    ['react', 'DELETE', (room, at) => `/api/rooms/${room}/messages/${at}/reactions/x`],
    ['report', 'POST', (room, at) => `/api/rooms/${room}/messages/${at}/report`, { reason: 'x' }],
    ['markRead', 'PUT', (room) => `/api/rooms/${room}/read`, { position: '0-0' }],
    ['readReports', 'GET', (room) => `/api/rooms/${room}/reports`],
    ['addMember', 'PUT', (room) => `/api/rooms/${room}/members/${CAT.id}`, {}],
    ['removeMember', 'DELETE', (room) => `/api/rooms/${room}/members/${BEN.id}`],
    ['mute', 'PUT', (room) => `/api/rooms/${room}/members/${BEN.id}/mute`, { seconds: 60 }],
    ['manageRoles', 'PUT', (room) => `/api/rooms/${room}/members/${BEN.id}`, { role: 'owner' }],
    ['invite', 'POST', (room) => `/api/rooms/${room}/invites`, {}],
    ['invite', 'GET', (room) => `/api/rooms/${room}/invites`],
    ['setSlowMode', 'PATCH', (room) => `/api/rooms/${room}`, { slowModeSeconds: 5 }],
    ['setRetention', 'PATCH', (room) => `/api/rooms/${room}`, { retentionDays: 5 }],
    ['rename', 'PATCH', (room) => `/api/rooms/${room}`, { topic: 'about' }],
    ['deleteRoom', 'DELETE', (room) => `/api/rooms/${room}`],
  ];

  for (const kind of ROOM_KINDS) {
    for (const [action, method, path, body] of ACTIONS) {
      const { scope } = ACCESS[action];
      const expected = keyAccessTo(action, kind, new Set([scope]));
      it(`${kind}: ${action} (${method}) is ${expected} with ${scope}, and 403 without`, async () => {
        const room = await newRoom(kind);
        const { epoch, seq } = (await send(room)).body;
        const ask = async (scopes: (typeof KEY_SCOPE_NAMES)[number][]): Promise<Answer> =>
          withKey(running.client, await newKey(db, scopes)).send(
            method,
            path(room, `${epoch}-${seq}`),
            body && JSON.stringify(body),
          );
        const refused = await ask(KEY_SCOPE_NAMES.filter((other) => other !== scope));
        expect([refused.status, refused.body.error]).to.deep.equal([
          403,
          `the API key needs the scope ${scope}`,
        ]);
        const answer = await ask([scope]);
        if (expected === 'yes') expect(answer.status, JSON.stringify(answer.body)).to.be.within(200, 204);
        else {
          expect([answer.status, answer.body.code]).to.deep.equal([
            expected,
            expected === 400 ? 'user_required' : 'role_required',
          ]);
        }
      });
    }
  }

  it('may repeat a change of members with the scope of members alone', async () => {
    const room = await newRoom('private');
    const key = withKey(running.client, await newKey(db, ['members:write']));
    for (let count = 0; count < 2; count++) {
      const answer = await key.send('PUT', `/api/rooms/${room}/members/${CAT.id}`, '{}');
      expect([answer.status, answer.body.role]).to.deep.equal([200, 'member']);
    }
  });

  it('is the author of its changes by its name', async () => {
    const room = await newRoom('private');
    const key = withKey(running.client, await newKey(db, KEY_SCOPE_NAMES, { name: 'billing' }));
    const body = '{"role":"moderator"}';
    expect((await key.send('PUT', `/api/rooms/${room}/members/${CAT.id}`, body)).body.role).to.equal(
      'moderator',
    );
    expect((await key.patch(`/api/rooms/${room}`, { name: 'new' })).body).to.include({
      name: 'new',
      role: null,
    });
    expect((await key.delete(`/api/rooms/${room}/members/${CAT.id}`)).status).to.equal(204);
    const own = entries(room).filter(({ userId }) => userId === 0);
    expect(own.map(({ change, username }) => [change, username])).to.deep.equal([
      ['member-added', 'billing'],
      ['member-changed', 'billing'],
      ['room-changed', 'billing'],
      ['member-removed', 'billing'],
    ]);
    const { body: invite } = await key.post(`/api/rooms/${room}/invites`, {});
    expect((await running.client.as(CAT).post(`/api/invites/${invite.code}/accept`, {})).status).to.equal(
      200,
    );
    expect((await key.delete(`/api/rooms/${room}/members/${ANN.id}`)).body.code).to.equal('last_owner');
  });

  it('finds every room, and creates rooms that belong to no user', async () => {
    const [hidden, direct] = [await newRoom('private'), await newRoom('direct')];
    const key = withKey(running.client, await newKey(db, KEY_SCOPE_NAMES));
    const made = await key.post('/api/rooms', { name: 'made', kind: 'private' });
    expect([made.status, made.body.createdBy, made.body.role]).to.deep.equal([201, null, null]);
    const { body } = await key.get('/api/rooms?limit=100');
    expect(body.rooms.map(({ id }: { id: number }) => id)).to.include.members([hidden, direct, made.body.id]);
    expect((await ann().get(`/api/rooms/${made.body.id}`)).status).to.equal(404);
    expect(
      (await key.send('PUT', `/api/rooms/${made.body.id}/members/${ANN.id}`, '{"role":"owner"}')).status,
    ).to.equal(200);
    expect((await ann().get(`/api/rooms/${made.body.id}`)).body.role).to.equal('owner');
    for (const [method, path] of [
      ['GET', '/api/inbox'],
      ['POST', '/api/invites/none/accept'],
    ] as const) {
      expect((await key.send(method, path)).body.code, path).to.equal('user_required');
    }
    expect((await key.post('/api/direct', { userIds: [1] })).body.code).to.equal('user_required');
    expect((await key.get('/api/rooms/4000000')).body.code).to.equal('room_not_found');
  });
});
