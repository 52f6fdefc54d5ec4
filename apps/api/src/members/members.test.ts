import { MemoryBroker, MemoryRoomDirectory, MemoryRoomHistory, MemoryRoomStore } from '@chorus/broker';
import { MemoryAccessList } from '@chorus/control';
import type { Database } from '@chorus/database';
import {
  accessTo,
  ROLES_OR_NONE,
  ROOM_KINDS,
  type RoleOrNone,
  type RoomAction,
  type RoomKind,
} from '@chorus/protocol';
import { type Answer, until } from '@chorus/testing';
import { expect } from 'chai';
import { type Client, openDatabase, type RunningApi, startApi } from '../testing/api.js';

const [ANN, BEN, CAT, DAN] = ['ann', 'ben', 'cat', 'dan'].map((username, at) => ({
  id: at + 1,
  username,
})) as [User, User, User, User];
interface User {
  readonly id: number;
  readonly username: string;
}

describe('rooms with members', function () {
  this.timeout(60_000);
  let db: Database;
  let rooms: MemoryRoomStore;
  let access: MemoryAccessList;
  let running: RunningApi;
  const as = (user: User): Client => running.client.as(user);

  before(async () => {
    db = (await openDatabase()).db;
    await db.user.createMany({
      data: [ANN, BEN, CAT, DAN].map(({ id, username }) => ({
        ...{ id, username, email: `${username}@example.com`, emailKey: username, passwordHash: '' },
      })),
    });
  });
  beforeEach(async () => {
    await db.$executeRaw`TRUNCATE rooms, outbox RESTART IDENTITY CASCADE`;
    rooms = new MemoryRoomStore();
    access = new MemoryAccessList();
    running = await startApi(
      db,
      { MAX_MEMBERS_PER_ROOM: '4', MAX_INVITES_PER_ROOM: '2', MAX_DIRECT_USERS: '3' },
      {
        access,
        directory: new MemoryRoomDirectory(rooms),
        publisher: new MemoryBroker(rooms),
        history: new MemoryRoomHistory(rooms),
      },
    );
    await running.mirrored();
    await until(() => access.memberships.isComplete());
  });
  afterEach(() => running.close());
  after(() => db.$disconnect());

  const newRoom = async (fields: object = {}): Promise<number> => {
    const answer = await as(ANN).post('/api/rooms', { name: 'room', kind: 'private', ...fields });
    expect(answer.status).to.equal(201);
    return answer.body.id;
  };
  const put = (by: User, room: number, user: User, role?: string): Promise<Answer> =>
    as(by).send('PUT', `/api/rooms/${room}/members/${user.id}`, JSON.stringify(role ? { role } : {}), {
      'Content-Type': 'application/json',
    });
  const mute = (by: User, room: number, user: User, seconds: number): Promise<Answer> =>
    as(by).send('PUT', `/api/rooms/${room}/members/${user.id}/mute`, JSON.stringify({ seconds }), {
      'Content-Type': 'application/json',
    });
  const remove = (by: User, room: number, user: User): Promise<Answer> =>
    as(by).delete(`/api/rooms/${room}/members/${user.id}`);
  /** The entries of a room, oldest first. */
  const entries = (room: number) =>
    (rooms.room(room)?.from({ epoch: 0, seq: 0 }, 100) ?? []).map(({ frame }) =>
      JSON.parse(Buffer.from(frame).toString()),
    );
  const mirrored = async (user: User, room: number) => access.memberships.of(user.id, room).membership;
  const roles = async (by: User, room: number): Promise<unknown> => {
    const { body } = await as(by).get(`/api/rooms/${room}/members`);
    return body.members.map(({ id, role }: { id: number; role: string }) => [id, role]);
  };

  describe('allow what the table of access allows:', () => {
    /** What each action of the table is over HTTP, by DAN. Those of messages are tested with messages. */
    const ACTIONS: ReadonlyArray<
      readonly [action: RoomAction, request: string, act: (room: number) => Promise<Answer>]
    > = [
      ['read', 'GET', (room) => as(DAN).get(`/api/rooms/${room}`)],
      ['listMembers', 'GET', (room) => as(DAN).get(`/api/rooms/${room}/members`)],
      ['addMember', 'PUT', (room) => put(DAN, room, CAT)],
      ['removeMember', 'DELETE', (room) => remove(DAN, room, BEN)],
      ['mute', 'PUT', (room) => mute(DAN, room, BEN, 60)],
      ['manageRoles', 'PUT', (room) => put(DAN, room, BEN, 'moderator')],
      ['invite', 'POST', (room) => as(DAN).post(`/api/rooms/${room}/invites`, {})],
      ['invite', 'GET', (room) => as(DAN).get(`/api/rooms/${room}/invites`)],
      ['setSlowMode', 'PATCH', (room) => as(DAN).patch(`/api/rooms/${room}`, { slowModeSeconds: 5 })],
      ['rename', 'PATCH', (room) => as(DAN).patch(`/api/rooms/${room}`, { topic: 'about' })],
      ['deleteRoom', 'DELETE', (room) => as(DAN).delete(`/api/rooms/${room}`)],
      ['leave', 'DELETE', (room) => remove(DAN, room, DAN)],
    ];
    /** A room of ANN and BEN in which DAN has a role. */
    const roomWith = async (kind: RoomKind, role: RoleOrNone): Promise<number> => {
      if (kind === 'direct') {
        const userIds = role === 'none' ? [BEN.id] : [BEN.id, DAN.id];
        return (await as(ANN).post('/api/direct', { userIds })).body.id;
      }
      const room = await newRoom({ kind });
      await put(ANN, room, BEN);
      if (role !== 'none') expect((await put(ANN, room, DAN, role)).status).to.equal(200);
      return room;
    };

    for (const kind of ROOM_KINDS) {
      const standings = kind === 'direct' ? (['none', 'member'] as const) : ROLES_OR_NONE;
      for (const role of standings) {
        for (const [action, request, act] of ACTIONS) {
          const expected = accessTo(action, kind, role);
          it(`${kind}, ${role}: ${action} (${request}) is ${expected}`, async () => {
            const room = await roomWith(kind, role);
            const answer = await act(room);
            expect(
              expected === 'yes' ? answer.status < 300 : answer.status === expected,
              `${answer.status}`,
            ).to.equal(true);
            if (expected !== 404) return;
            // As for a room that does not exist.
            const unknown = await act(4_000_000);
            expect([answer.status, answer.body]).to.deep.equal([unknown.status, unknown.body]);
          });
        }
      }
    }

    it('history and presence of a private room are hidden, as the room is', async () => {
      const room = await newRoom();
      for (const path of [`/api/rooms/${room}/messages`, `/ws/get-clients/${room}`]) {
        expect((await as(ANN).get(path)).status, path).to.equal(200);
        expect((await as(BEN).get(path)).status, path).to.equal(404);
      }
    });

    it('following a public room makes a member, a private one cannot be followed', async () => {
      const shown = await newRoom({ kind: 'public' });
      expect((await put(BEN, shown, BEN)).body).to.include({ id: BEN.id, username: 'ben', role: 'member' });
      expect((await put(BEN, shown, BEN, 'moderator')).status).to.equal(403);
      expect((await put(BEN, await newRoom(), BEN)).status).to.equal(404);
    });
  });

  it('lists what a user may find', async () => {
    const [shown, hidden] = [await newRoom({ kind: 'public' }), await newRoom()];
    const direct = (await as(ANN).post('/api/direct', { userIds: [BEN.id] })).body.id;
    const listed = async (user: User, path: string): Promise<number[]> => {
      const { body } = await as(user).get(path);
      return (body.rooms ?? body).map(({ id }: { id: number }) => id);
    };
    expect(await listed(ANN, '/api/rooms')).to.deep.equal([shown, hidden, direct]);
    expect(await listed(BEN, '/api/rooms')).to.deep.equal([shown, direct]);
    expect(await listed(CAT, '/api/rooms')).to.deep.equal([shown]);
    expect(await listed(ANN, '/ws/get-rooms')).to.deep.equal([shown, hidden]);
    expect(await listed(BEN, '/ws/get-rooms')).to.deep.equal([shown]);
    expect(await listed(ANN, '/api/rooms?limit=1')).to.deep.equal([shown]);
    expect(await listed(ANN, `/api/rooms?limit=1&cursor=${shown}`)).to.deep.equal([hidden]);
  });

  it('adds, promotes and removes members, each as an entry with a position', async () => {
    const room = await newRoom();
    await put(ANN, room, BEN);
    await put(ANN, room, BEN, 'moderator');
    await put(ANN, room, BEN, 'moderator');
    expect(await mirrored(BEN, room)).to.deep.equal({ role: 'moderator' });
    await put(BEN, room, CAT);
    expect(await roles(CAT, room)).to.deep.equal([
      [1, 'owner'],
      [2, 'moderator'],
      [3, 'member'],
    ]);
    expect((await remove(BEN, room, CAT)).status).to.equal(204);
    expect(await mirrored(CAT, room)).to.deep.equal({ role: 'none' });
    expect(
      entries(room).map(({ seq, change, userId, member, role }) => [seq, change, userId, member.id, role]),
    ).to.deep.equal([
      [1, 'member-added', 1, 2, undefined],
      [2, 'member-changed', 1, 2, 'moderator'],
      [3, 'member-added', 2, 3, undefined],
      [4, 'member-removed', 2, 3, undefined],
    ]);
    expect(await db.outboxEntry.count()).to.equal(0);
  });

  it('shows messages only in the history, however many changes are between them', async () => {
    const room = await newRoom();
    const say = (content: string) =>
      rooms.publish(
        room,
        `"type":"message","content":"${content}","roomId":${room},"username":"ann","userId":1,"id":"${content}","sentAt":1}`,
      );
    say('first');
    for (let round = 0; round < 6; round++) {
      await put(ANN, room, BEN);
      await remove(ANN, room, BEN);
    }
    say('last');
    const texts = async (query: string): Promise<string[]> =>
      (await as(ANN).get(`/api/rooms/${room}/messages?${query}`)).body.messages.map(
        ({ content }: { content: string }) => content,
      );
    expect(await texts('limit=2')).to.deep.equal(['first', 'last']);
    expect(await texts('limit=2&after=0-0')).to.deep.equal(['first', 'last']);
    expect(await texts('limit=1')).to.deep.equal(['last']);
  });

  it('keeps an owner in each room', async () => {
    const room = await newRoom();
    await put(ANN, room, BEN);
    for (const answer of [await remove(ANN, room, ANN), await put(ANN, room, ANN, 'member')]) {
      expect([answer.status, answer.body.code]).to.deep.equal([409, 'last_owner']);
    }
    await put(ANN, room, BEN, 'owner');
    // Both at once: one of them stays.
    const answers = await Promise.all([remove(ANN, room, ANN), remove(BEN, room, BEN)]);
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([204, 409]);
  });

  it('does not let moderators touch moderators and owners', async () => {
    const room = await newRoom();
    for (const user of [BEN, CAT]) await put(ANN, room, user, 'moderator');
    for (const user of [ANN, CAT]) {
      expect((await remove(BEN, room, user)).status).to.equal(403);
      expect((await mute(BEN, room, user, 5)).status).to.equal(403);
      expect((await put(BEN, room, user, 'member')).status).to.equal(403);
    }
    expect((await put(BEN, room, BEN, 'member')).body.role, 'stepping down').to.equal('member');
  });

  it('mutes users, also those who follow no room, beyond leaving', async () => {
    const room = await newRoom({ kind: 'public' });
    const { body } = await mute(ANN, room, BEN, 60);
    expect(body).to.include({ id: BEN.id, role: null });
    expect(Date.parse(body.mutedUntil)).to.be.closeTo(Date.now() + 60_000, 5_000);
    expect(await mirrored(BEN, room)).to.deep.equal({
      role: 'none',
      mutedUntil: Date.parse(body.mutedUntil),
    });
    await put(BEN, room, BEN);
    await remove(BEN, room, BEN);
    await put(BEN, room, BEN);
    expect(await mirrored(BEN, room)).to.deep.equal({
      role: 'member',
      mutedUntil: Date.parse(body.mutedUntil),
    });
    expect((await mute(ANN, room, BEN, 0)).body.mutedUntil).to.equal(null);
    expect(await mirrored(BEN, room)).to.deep.equal({ role: 'member' });
    expect(entries(room).at(0)).to.deep.include({
      change: 'member-changed',
      mutedUntil: Date.parse(body.mutedUntil),
    });
  });

  it('answers unknown users and members, and rooms that are full', async () => {
    const room = await newRoom();
    expect((await put(ANN, room, { id: 99, username: '' })).body.code).to.equal('user_not_found');
    expect((await remove(ANN, room, BEN)).body.code).to.equal('member_not_found');
    expect((await mute(ANN, room, BEN, 5)).body.code).to.equal('member_not_found');
    for (const user of [BEN, CAT, DAN]) await put(ANN, room, user);
    await db.user.create({ data: { id: 5, username: 'eve', email: 'e', emailKey: 'e', passwordHash: '' } });
    const answer = await put(ANN, room, { id: 5, username: 'eve' });
    expect([answer.status, answer.body.code]).to.deep.equal([403, 'too_many_members']);
    await db.user.delete({ where: { id: 5 } });
  });

  it('changes topic, name and slow mode in one entry', async () => {
    const room = await newRoom({ topic: 'old' });
    const { body } = await as(ANN).patch(`/api/rooms/${room}`, {
      name: 'new',
      topic: 'T',
      slowModeSeconds: 30,
    });
    expect(body).to.include({ name: 'new', topic: 'T', slowModeSeconds: 30, kind: 'private', role: 'owner' });
    await as(ANN).patch(`/api/rooms/${room}`, { name: 'new' });
    expect(entries(room)).to.have.length(1);
    expect(entries(room)[0]).to.include({
      change: 'room-changed',
      name: 'new',
      topic: 'T',
      slowModeSeconds: 30,
    });
    expect(access.memberships.of(ANN.id, room).slowModeSeconds).to.equal(30);
    expect((await as(ANN).patch(`/api/rooms/${room}`, {})).status).to.equal(400);
  });

  it('makes one direct room for a set of users', async () => {
    const answers = await Promise.all(
      [ANN, BEN, ANN, BEN].map((user) => as(user).post('/api/direct', { userIds: [ANN.id, BEN.id] })),
    );
    expect(new Set(answers.map(({ status, body }) => `${status} ${body.id}`)).size).to.equal(1);
    expect(answers[0]?.body).to.include({ kind: 'direct', name: 'ann, ben', role: 'member' });
    const three = await as(ANN).post('/api/direct', { userIds: [BEN.id, CAT.id] });
    expect(three.body.id).not.to.equal(answers[0]?.body.id);
    expect((await as(ANN).post('/api/direct', { userIds: [ANN.id] })).status).to.equal(400);
    expect((await as(ANN).post('/api/direct', { userIds: [BEN.id, CAT.id, DAN.id] })).status).to.equal(400);
    expect((await as(ANN).post('/api/direct', { userIds: [99] })).body.code).to.equal('user_not_found');
    expect(await mirrored(BEN, three.body.id)).to.deep.equal({ role: 'member' });
  });

  it('lets in users with an invitation, as often as it says', async () => {
    const room = await newRoom();
    const { status, body } = await as(ANN).post(`/api/rooms/${room}/invites`, {
      maxUses: 1,
      expiresInSeconds: 60,
    });
    expect([status, body.roomId, body.maxUses, body.uses]).to.deep.equal([201, room, 1, 0]);
    const accept = (user: User, code = body.code): Promise<Answer> =>
      as(user).post(`/api/invites/${code}/accept`, {});
    expect((await accept(ANN)).body).to.include({ id: room, role: 'owner' });
    const answers = await Promise.all([accept(BEN), accept(CAT)]);
    expect(answers.map((answer) => answer.status).sort()).to.deep.equal([200, 404]);
    expect((await accept(DAN)).body.code).to.equal('invite_not_found');
    expect((await accept(DAN, 'unknown')).body.code).to.equal('invite_not_found');
    expect(entries(room)).to.have.length(1);

    const second = (await as(ANN).post(`/api/rooms/${room}/invites`, {})).body.code;
    await access.ban({ userId: DAN.id, roomId: room });
    expect((await accept(DAN, second)).body.code).to.equal('banned');
    await as(ANN).post(`/api/rooms/${room}/invites`, {});
    expect((await as(ANN).post(`/api/rooms/${room}/invites`, {})).body.code).to.equal('too_many_invites');
    expect((await as(ANN).delete(`/api/rooms/${room}/invites/${second}`)).status).to.equal(204);
    expect((await as(ANN).delete(`/api/rooms/${room}/invites/${second}`)).status).to.equal(404);
    expect((await accept(DAN, second)).body.code).to.equal('invite_not_found');
    await db.$executeRaw`UPDATE invites SET expires_at = now()`;
    expect((await as(ANN).post(`/api/rooms/${room}/invites`, {})).status, 'ended ones do not count').to.equal(
      201,
    );
  });

  it('lists the open invitations of a room, page by page', async () => {
    const room = await newRoom();
    const invites = `/api/rooms/${room}/invites`;
    const open = async (query = ''): Promise<Answer> => as(ANN).get(`${invites}${query}`);
    const { body: invite } = await as(ANN).post(invites, { maxUses: 1 });
    expect((await open()).body).to.deep.equal({ invites: [invite], nextCursor: null });
    await as(ANN).post(`/api/rooms/${await newRoom()}/invites`, {});
    const { body: other } = await as(ANN).post(invites, {});
    const [first, second] = [invite, other].sort((a, b) => (a.code < b.code ? -1 : 1));
    expect((await open('?limit=1')).body).to.deep.equal({ invites: [first], nextCursor: first.code });
    const last = await open(`?limit=1&cursor=${first.code}`);
    expect(last.body).to.deep.equal({ invites: [second], nextCursor: null });
    await as(BEN).post(`/api/invites/${invite.code}/accept`, {});
    expect((await open()).body.invites, 'one is used up').to.deep.equal([other]);
    await db.$executeRaw`UPDATE invites SET expires_at = now()`;
    expect((await open()).body.invites, 'the other has expired').to.deep.equal([]);
    expect((await as(ANN).get(`${invites}?cursor=a%20b`)).status).to.equal(400);
  });

  it('finds users by the beginning of their names', async () => {
    const found = async (search: string): Promise<unknown> =>
      (await as(ANN).get(`/api/users?search=${encodeURIComponent(search)}`)).body;
    expect(await found('BE')).to.deep.equal({ users: [{ id: 2, username: 'ben' }] });
    expect(await found('%%')).to.deep.equal({ users: [] });
    expect((await as(ANN).get('/api/users?search=b')).status).to.equal(400);
    expect((await as(ANN).get('/api/users')).status).to.equal(400);
  });

  it('does not hand the members of a deleted room on to the next room with this id', async () => {
    const room = await newRoom({ id: 7 });
    await put(ANN, room, BEN);
    expect((await as(ANN).delete('/api/rooms/7')).status).to.equal(204);
    expect(await mirrored(BEN, 7)).to.deep.equal({ role: 'none' });
    await as(CAT).post('/api/rooms', { id: 7, name: 'next', kind: 'private' });
    expect((await as(BEN).get('/api/rooms/7')).status).to.equal(404);
    expect(entries(7)).to.deep.equal([]);
    expect(await mirrored(CAT, 7)).to.deep.equal({ role: 'owner' });
  });

  it('gives a room of an API of an older version to its creator', async () => {
    const { generation } = await db.room.create({ data: { id: 50, name: 'old', creatorId: BEN.id } });
    await running.directory.ensure(50, 0, Number(generation));
    expect((await as(BEN).get('/api/rooms/50')).body.role).to.equal('owner');
    expect((await as(CAT).get('/api/rooms/50')).body.role).to.equal(null);
    expect((await put(BEN, 50, CAT, 'owner')).status).to.equal(200);
  });
});
