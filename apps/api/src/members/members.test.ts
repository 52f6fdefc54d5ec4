import { expect } from 'chai';
import { ANN, BEN, CAT, DAN, type User, useMembers } from '../testing/members.js';

describe('rooms with members', function () {
  this.timeout(60_000);
  const fixture = useMembers();
  const { as, newRoom, put, mute, remove, entries, mirrored } = fixture;
  const roles = async (by: User, room: number): Promise<unknown> => {
    const { body } = await as(by).get(`/api/rooms/${room}/members`);
    return body.members.map(({ id, role }: { id: number; role: string }) => [id, role]);
  };

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
    expect(await fixture.db.outboxEntry.count()).to.equal(0);
  });

  it('shows messages only in the history, however many changes are between them', async () => {
    const room = await newRoom();
    const say = (content: string) =>
      fixture.rooms.publish(
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
    const before = Date.now();
    const { body } = await mute(ANN, room, BEN, 60);
    expect(body).to.include({ id: BEN.id, role: null });
    expect(Date.parse(body.mutedUntil)).to.be.within(before + 60_000, Date.now() + 60_000);
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
    await fixture.db.user.create({
      data: { id: 5, username: 'eve', email: 'e', emailKey: 'e', passwordHash: '' },
    });
    const answer = await put(ANN, room, { id: 5, username: 'eve' });
    expect([answer.status, answer.body.code]).to.deep.equal([403, 'too_many_members']);
    await fixture.db.user.delete({ where: { id: 5 } });
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
    expect(fixture.access.memberships.of(ANN.id, room).slowModeSeconds).to.equal(30);
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
    const { generation } = await fixture.db.room.create({ data: { id: 50, name: 'old', creatorId: BEN.id } });
    await fixture.running.directory.ensure(50, 0, Number(generation));
    expect((await as(BEN).get('/api/rooms/50')).body.role).to.equal('owner');
    expect((await as(CAT).get('/api/rooms/50')).body.role).to.equal(null);
    expect((await put(BEN, 50, CAT, 'owner')).status).to.equal(200);
  });
});
