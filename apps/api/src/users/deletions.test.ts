import type { ControlEvent } from '@chorus/broker';
import { IGNORE } from '@chorus/broker/testing';
import { listenForEvents, recordedEvents } from '@chorus/database/testing';
import { UnavailableError } from '@chorus/redis';
import { eventually } from '@chorus/testing';
import { expect } from 'chai';
import { type Client, newUser } from '../testing/api.js';
import { newKey, newUsers, withKey } from '../testing/keys.js';
import { ANN, BEN, CAT, DAN, type User, useMembers } from '../testing/members.js';

describe('users who are deleted', function () {
  this.timeout(60_000);
  const fixture = useMembers();
  const { as, newRoom, put, mute, entries, mirrored } = fixture;
  let key: Client;
  let events: ControlEvent[];

  beforeEach(async () => {
    const { db } = fixture;
    await newUsers(db, [ANN, BEN, CAT, DAN]);
    await db.$executeRaw`SELECT setval('users_id_seq', 100)`;
    key = withKey(fixture.running.client, await newKey(db, ['users:write', 'act-as', 'history:read']));
    events = [];
    fixture.rooms.channels.attach({ ...IGNORE, onControl: (event) => events.push(event) });
  });

  // Before the next API starts: it restores revoked sessions.
  const reset = () =>
    fixture.db
      .$executeRaw`TRUNCATE users, api_keys, user_deletions, revoked_sessions, webhooks, event_outbox CASCADE`;
  before(reset);
  afterEach(reset);

  const remove = async ({ id }: Pick<User, 'id'>): Promise<void> =>
    expect((await key.delete(`/api/users/${id}`)).status).to.equal(204) && undefined;
  const rolesIn = async (room: number) =>
    (await fixture.db.roomMember.findMany({ where: { roomId: room }, orderBy: { userId: 'asc' } })).map(
      ({ userId, role }) => [Number(userId), role],
    );
  const changesIn = (room: number) =>
    entries(room).map(({ change, userId, member, role }) => [change, userId, member?.id, role]);

  it('have no account, session, inbox or membership any more, and no key can act as them', async () => {
    const room = await newRoom();
    await put(ANN, room, BEN);
    expect((await as(BEN).get('/api/inbox')).body.rooms).to.have.length(1);
    await remove(BEN);
    expect((await as(BEN).get('/api/inbox')).body.error).to.equal('the token is not valid');
    expect(await rolesIn(room)).to.deep.equal([[ANN.id, 'owner']]);
    expect(await mirrored(BEN, room)).to.deep.equal({ role: 'none' });
    expect(changesIn(room).at(-1)).to.deep.equal(['member-removed', BEN.id, BEN.id, undefined]);
    for (const path of [`/api/users/${BEN.id}`, '/api/users/999']) {
      expect((await key.get(path)).body.code).to.equal('user_not_found');
      expect((await key.patch(path, { username: 'x' })).body.code).to.equal('user_not_found');
    }
    await eventually(async () => {
      const acting = key.with({ 'X-Chorus-User': String(BEN.id) });
      expect((await acting.get('/api/rooms')).body.error).to.equal('X-Chorus-User is not the id of a user');
    });
    expect((await put(ANN, room, BEN)).body.code).to.equal('user_not_found');
    expect((await as(ANN).get('/api/users?search=be')).body.users).to.deep.equal([]);
    expect((await as(ANN).post('/api/direct', { userIds: [BEN.id] })).body.code).to.equal('user_not_found');
  });

  it('leave sockets no token to reconnect with', async () => {
    await remove(BEN);
    expect(events).to.deep.include.members([
      { type: 'token-revoked', tokenId: `user:${BEN.id}:0` },
      { type: 'user-disconnected', userId: BEN.id },
    ]);
    const subject = { userId: BEN.id, tokenId: 'any', generation: 0 };
    expect(await fixture.access.check([subject])).to.deep.equal(['revoked']);
    // Redis may lose it: PostgreSQL has it as well.
    expect(await fixture.db.revokedSession.count({ where: { tokenId: `user:${BEN.id}:0` } })).to.equal(1);
  });

  it('that are bots take their keys along, and the sockets that these opened', async () => {
    const { db, running } = fixture;
    await newUsers(db, [{ id: 9, username: 'bot' }], 'bot');
    const own = await newKey(db, ['messages:write', 'history:read'], { botId: 9 });
    const bot = withKey(running.client, own);
    expect((await bot.post('/api/keys/token', {})).status).to.equal(201);
    await remove({ id: 9 });
    expect(events).to.deep.include({ type: 'token-revoked', tokenId: `key:${own.id}` });
    expect((await db.apiKey.findUnique({ where: { id: own.id } }))?.revokedAt).to.be.instanceOf(Date);
    await eventually(async () => expect((await bot.get('/api/rooms')).status).to.equal(401));
  });

  it('free their e-mail address, and keep their name taken', async () => {
    const { client } = fixture.running;
    const account = newUser({ username: 'Eve' });
    const { id } = (await client.post('/api/users/signup', account)).body;
    await remove({ id });
    expect((await client.post('/api/users/signin', account)).status).to.equal(401);
    expect((await client.post('/api/users/signup', { ...account, username: 'eve' })).status).to.equal(409);
    expect((await client.post('/api/users/signup', { ...account, username: 'adam' })).status).to.equal(200);
  });

  it('hand rooms over of which they are the last owner', async () => {
    await newUsers(fixture.db, [{ id: 9, username: 'bot' }], 'bot');
    const room = await newRoom();
    for (const user of [{ id: 9, username: 'bot' }, BEN, CAT]) await put(ANN, room, user);
    await put(ANN, room, { id: 9, username: 'bot' }, 'moderator');
    await put(ANN, room, CAT, 'moderator');
    const shared = await newRoom();
    await put(ANN, shared, DAN, 'owner');
    const alone = await newRoom();
    await remove(ANN);
    expect(await rolesIn(room)).to.deep.equal([
      [BEN.id, 'member'],
      [CAT.id, 'owner'],
      [9, 'moderator'],
    ]);
    expect((await mirrored(CAT, room))?.role).to.equal('owner');
    expect(changesIn(room).slice(-2)).to.deep.equal([
      ['member-changed', ANN.id, CAT.id, 'owner'],
      ['member-removed', ANN.id, ANN.id, undefined],
    ]);
    expect(await rolesIn(shared)).to.deep.equal([[DAN.id, 'owner']]);
    expect(changesIn(shared).slice(-1)).to.deep.equal([['member-removed', ANN.id, ANN.id, undefined]]);
    expect(await rolesIn(alone)).to.deep.equal([]);
  });

  it('leave direct rooms to the others, with the messages', async () => {
    const { id } = (await as(ANN).post('/api/direct', { userIds: [BEN.id] })).body;
    await remove(BEN);
    expect((await as(ANN).get(`/api/rooms/${id}`)).status).to.equal(200);
    expect(await rolesIn(id)).to.deep.equal([[ANN.id, 'member']]);
  });

  it('are muted nowhere, member or not', async () => {
    const [room, open] = [await newRoom(), await newRoom({ kind: 'public' })];
    await put(ANN, room, BEN);
    await mute(ANN, room, BEN, 600);
    await mute(ANN, open, BEN, 600);
    await remove(BEN);
    expect(await fixture.db.mute.count()).to.equal(0);
    for (const left of [room, open]) expect(await mirrored(BEN, left)).to.deep.equal({ role: 'none' });
  });

  it('have one event, and one for each room, however often the request is repeated', async () => {
    await listenForEvents(fixture.db);
    const room = await newRoom();
    await put(ANN, room, BEN);
    const answers = await Promise.all([1, 2, 3].map(() => key.delete(`/api/users/${BEN.id}`)));
    // A request that finds nothing left to do is answered like one for an unknown user.
    for (const { status } of answers) expect(status).to.be.oneOf([204, 404]);
    expect(answers.map(({ status }) => status)).to.include(204);
    expect((await key.delete(`/api/users/${BEN.id}`)).body.code).to.equal('user_not_found');
    const about = (await recordedEvents(fixture.db)).filter(({ userId }) => userId === BEN.id);
    expect(about.map(({ type, data }) => [type, data?.by])).to.deep.equal([
      ['member.added', ANN.id],
      ['user.deleted', undefined],
      ['member.removed', BEN.id],
    ]);
    // After a minute, when no change that began before can add a membership, nothing is left to do.
    await fixture.db.$executeRaw`UPDATE user_deletions SET deleted_at = now() - interval '61 seconds'`;
    await eventually(async () => expect(await fixture.db.userDeletion.count()).to.equal(0));
  });

  it('leave a room that a request in progress has still added them to', async () => {
    const room = await newRoom();
    await remove(BEN);
    await fixture.db.roomMember.create({ data: { roomId: room, userId: BEN.id, role: 'member' } });
    await eventually(async () => expect(await rolesIn(room)).to.deep.equal([[ANN.id, 'owner']]));
  });

  it('are deleted completely once Redis is back', async () => {
    const room = await newRoom();
    await put(ANN, room, BEN);
    const revoke = fixture.access.revoke.bind(fixture.access);
    fixture.access.revoke = async () => {
      throw new UnavailableError('Redis is away');
    };
    const { status, body } = await key.delete(`/api/users/${BEN.id}`);
    expect([status, body.code]).to.deep.equal([503, 'unavailable']);
    expect(await rolesIn(room)).to.have.length(2);
    fixture.access.revoke = revoke;
    await eventually(async () => expect(await rolesIn(room)).to.have.length(1));
    expect(events).to.deep.include({ type: 'token-revoked', tokenId: `user:${BEN.id}:0` });
  });
});
