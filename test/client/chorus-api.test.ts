import { randomBytes } from 'node:crypto';
import { openapi } from '@chorus/api';
import {
  acceptInvite,
  ChorusApi,
  ChorusClient,
  ChorusError,
  createInvite,
  findUsers,
  listInbox,
  listInvites,
  listMembers,
  listReports,
  markRead,
  muteMember,
  openDirectRoom,
  putMember,
  type RoomInfo,
  removeMember,
  reportMessage,
  revokeInvite,
} from '@chorus/client';
import { connectPlain } from '@chorus/testing';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { AnswerCheck } from '../openapi/answer-check.js';
import type { Document } from '../openapi/document.js';
import { startTestCluster, type TestCluster } from '../support/servers/cluster.js';
import { comparedTypes } from './api-types.js';

/** Operations for which there is neither a method nor a function, and why. */
const ABSENT: Readonly<Record<string, string>> = {
  listEvents: 'for programs with an API key',
  createWebhook: 'for programs with an API key',
  listWebhooks: 'for programs with an API key',
  getWebhook: 'for programs with an API key',
  changeWebhook: 'for programs with an API key',
  deleteWebhook: 'for programs with an API key',
  rotateWebhookSecret: 'for programs with an API key',
  resumeWebhook: 'for programs with an API key',
  testWebhook: 'for programs with an API key',
  redeliverEvents: 'for programs with an API key',
  listDeliveries: 'for programs with an API key',
  redeliverEvent: 'for programs with an API key',
  sendMessages: 'for programs with an API key',
  createUser: 'for programs with an API key',
  getUser: 'for programs with an API key',
  changeUser: 'for programs with an API key',
  deleteUser: 'for programs with an API key',
  createKeyToken: 'for programs with an API key',
  signInMethods: 'for the chat page',
  changeProfile: 'fetch does it: few programs change profiles',
  deleteAccount: 'fetch does it: few programs delete their user',
  forgotPassword: 'fetch does it: a form without a session',
  resetPassword: 'the page of the reset link does it',
  exchange: 'fetch does it: see docs/how-to/bring-your-own-users.md',
  live: 'for balancers',
  ready: 'for balancers',
  getDocument: 'for tools',
  createOriginalRoom: 'createRoom does it',
  listOriginalRooms: 'listRooms does it',
  signOutByGet: 'signOut does it',
  listEveryone: 'only for clients of the original service',
  connect: 'ChorusClient opens sockets',
  joinRoom: 'ChorusClient opens sockets',
  sendMessage: 'Room.send does it',
  editMessage: 'edit() does it',
  deleteMessage: 'deleteMessage() does it',
  appendToMessage: 'append() does it',
  setReaction: 'react() does it',
  takeBackReaction: 'unreact() does it',
};

/** The profile of a new user. */
const NOTHING_SHOWN = { displayName: null, avatarUrl: null };

describe('ChorusApi and a real API', function () {
  this.timeout(60_000);
  const check = new AnswerCheck(JSON.parse(JSON.stringify(openapi())) as Document);
  /** Operations that a method asked for. */
  const asked = new Set<string>();
  let cluster: TestCluster;

  before(async () => {
    cluster = await startTestCluster({ apis: 1, gateways: 1, archivers: 0 });
  });
  after(() => cluster?.close());

  const watched: typeof fetch = async (url, init) => {
    const { pathname } = new URL(String(url));
    asked.add(check.operationFor(init?.method ?? 'GET', pathname)?.operationId ?? `undocumented ${pathname}`);
    return fetch(url, init);
  };
  const api = (token?: string | (() => string | undefined)): ChorusApi =>
    new ChorusApi({ url: cluster.url, token, fetch: watched });
  const unique = (): string => randomBytes(6).toString('hex');
  const codeOf = (call: Promise<unknown>): Promise<unknown> =>
    call.then(
      () => 'it succeeded',
      (error: unknown) => (error instanceof ChorusError ? [error.code, error.retry] : error),
    );

  it('signs up and in, renews its session, and ends all of it', async () => {
    const account = {
      username: `ann-${unique()}`,
      email: `${unique()}@example.com`,
      password: 'open sesame',
    };
    const { id, ...rest } = await api().signUp(account);
    expect(rest).to.deep.equal({ username: account.username, email: account.email });
    const { token = '', ...signedIn } = await api().signIn(account);
    expect(signedIn).to.deep.equal({ id, username: account.username });
    expect(await api(token).me()).to.deep.equal({ id, ...rest, ...NOTHING_SHOWN });
    const { token: newer = '', expiresAt, ...refreshed } = await api(token).refresh();
    expect(refreshed).to.deep.equal(signedIn);
    expect(expiresAt).to.be.above(Date.now() + 3_500_000);
    expect(await api(newer).me()).to.deep.equal({ id, ...rest, ...NOTHING_SHOWN });
    await api(token).signOut();
    for (const ended of [token, newer]) {
      expect(await codeOf(api(ended).refresh())).to.deep.equal(['unauthenticated', false]);
    }
  });

  it('changes a password, and signs out everywhere', async () => {
    const ann = await someone();
    const passwords = { currentPassword: ann.password, newPassword: 'close sesame' };
    expect(
      await codeOf(api(ann.token).changePassword({ ...passwords, currentPassword: 'wrong' })),
    ).to.deep.equal(['wrong_password', false]);
    const { token = '', ...user } = await api(ann.token).changePassword(passwords);
    expect(user).to.deep.equal({ id: ann.id, username: ann.username });
    expect(await codeOf(api(ann.token).me())).to.deep.equal(['unauthenticated', false]);
    expect((await api(token).me()).id).to.equal(ann.id);
    await api(token).signOutEverywhere();
    expect(await codeOf(api(token).me())).to.deep.equal(['unauthenticated', false]);
  });

  it('makes, finds, renames and deletes rooms', async () => {
    const ann = api((await someone()).token);
    const ben = api((await someone()).token);
    const room = await ann.createRoom({ name: 'a room' });
    expect(room.role).to.equal('owner');
    expect(await ben.room(room.id)).to.deep.equal({ ...room, role: null });
    expect((await ann.renameRoom(room.id, 'the room')).name).to.equal('the room');
    const others = await Promise.all(
      [1, 2, 3].map((n) => ben.createRoom({ name: `room ${n}`, id: 1_000 + n })),
    );
    const all: RoomInfo[] = [];
    for await (const found of ann.allRooms()) all.push(found);
    expect(all.map(({ id }) => id)).to.include.members([room.id, ...others.map(({ id }) => id)]);
    const page = await ann.rooms({ limit: 1 });
    expect(page.rooms).to.deep.equal(all.slice(0, 1));
    expect((await ann.rooms({ limit: 1, cursor: page.nextCursor ?? 0 })).rooms).to.deep.equal(
      all.slice(1, 2),
    );
    expect(await codeOf(ben.deleteRoom(room.id))).to.deep.equal(['not_room_creator', false]);
    expect(await codeOf(ben.createRoom({ name: 'again', id: 1_001 }))).to.deep.equal(['conflict', false]);
    expect(await codeOf(ben.createRoom({ name: '' }))).to.deep.equal(['invalid_field', false]);
    await ann.deleteRoom(room.id);
    expect(await codeOf(ann.room(room.id))).to.deep.equal(['room_not_found', false]);
  });

  it('adds members to a private room, changes their roles, mutes and removes them', async () => {
    const [annUser, benUser] = [await someone(), await someone()];
    const [ann, ben] = [api(annUser.token), api(benUser.token)];
    const room = await ann.createRoom({ name: 'secret', kind: 'private', topic: 'plans' });
    expect(room).to.include({ kind: 'private', topic: 'plans', slowModeSeconds: 0, role: 'owner' });
    expect(await codeOf(ben.room(room.id))).to.deep.equal(['room_not_found', false]);
    const added = await putMember(ann, room.id, benUser.id);
    expect(added).to.include({
      id: benUser.id,
      username: benUser.username,
      role: 'member',
      mutedUntil: null,
    });
    expect((await ben.room(room.id)).role).to.equal('member');
    expect((await putMember(ann, room.id, benUser.id, 'moderator')).role).to.equal('moderator');
    expect((await ben.changeRoom(room.id, { slowModeSeconds: 7 })).slowModeSeconds).to.equal(7);
    expect((await muteMember(ann, room.id, benUser.id, 60)).mutedUntil).to.be.a('string');
    const first = await listMembers(ben, room.id, { limit: 1 });
    expect(first.members.map(({ id }) => id)).to.deep.equal([annUser.id]);
    const second = await listMembers(ben, room.id, { cursor: first.nextCursor ?? 0 });
    expect(second.members.map(({ id, role }) => [id, role])).to.deep.equal([[benUser.id, 'moderator']]);
    expect(await codeOf(removeMember(ann, room.id, annUser.id))).to.deep.equal(['last_owner', false]);
    await removeMember(ben, room.id, benUser.id);
    expect(await codeOf(ben.room(room.id))).to.deep.equal(['room_not_found', false]);
  });

  it('follows a public room, finds users and opens their direct room', async () => {
    const [annUser, benUser] = [await someone(), await someone()];
    const [ann, ben] = [api(annUser.token), api(benUser.token)];
    const { id } = await ann.createRoom({ name: 'town' });
    expect((await putMember(ben, id, benUser.id)).role).to.equal('member');
    expect(await findUsers(ann, benUser.username.toUpperCase())).to.deep.equal([
      { id: benUser.id, username: benUser.username },
    ]);
    const direct = await openDirectRoom(ann, [benUser.id]);
    expect(direct).to.include({ kind: 'direct', role: 'member' });
    expect((await openDirectRoom(ben, [annUser.id])).id).to.equal(direct.id);
  });

  it('creates, lists, accepts and revokes invitations', async () => {
    const [ann, ben] = [api((await someone()).token), api((await someone()).token)];
    const room = await ann.createRoom({ name: 'club', kind: 'private' });
    const invite = await createInvite(ann, room.id, { expiresInSeconds: 60, maxUses: 2 });
    expect(invite).to.include({ roomId: room.id, maxUses: 2, uses: 0 });
    expect(await acceptInvite(ben, invite.code)).to.include({ id: room.id, role: 'member' });
    expect((await listInvites(ann, room.id)).invites).to.deep.equal([{ ...invite, uses: 1 }]);
    await revokeInvite(ann, room.id, invite.code);
    expect(await codeOf(acceptInvite(ben, invite.code))).to.deep.equal(['invite_not_found', false]);
  });

  it('lists the inbox and marks rooms as read', async () => {
    const ann = await someone();
    const { id } = await api(ann.token).createRoom({ name: 'club' });
    const client = new ChorusClient({ url: cluster.url, token: ann.token, webSocket: WebSocket });
    client.connect();
    const { position } = await client.join(id).send('hello');
    await client.close();
    const page = await listInbox(api(ann.token), { limit: 1 });
    expect(page.rooms.map(({ room, n, unread }) => [room.id, n, unread])).to.deep.equal([[id, 1, 0]]);
    const before = { epoch: position.epoch, seq: position.seq - 1 };
    expect((await markRead(api(ann.token), id, before, { unread: true })).readN).to.equal(0);
    expect((await listInbox(api(ann.token), { roomId: id })).rooms[0]).to.include({ unread: 1 });
    expect(await codeOf(listInbox(api((await someone()).token), { roomId: id }))).to.deep.equal([
      ...['room_not_found', false],
    ]);
  });

  it('reports a message and lists the reports', async () => {
    const [annUser, benUser] = [await someone(), await someone()];
    const [ann, ben] = [api(annUser.token), api(benUser.token)];
    const { id } = await ann.createRoom({ name: 'club' });
    const client = new ChorusClient({ url: cluster.url, token: annUser.token, webSocket: WebSocket });
    client.connect();
    const { position } = await client.join(id).send('rude');
    await client.close();
    const report = await reportMessage(ben, id, position, 'it is rude');
    expect(report).to.deep.include({ message: position, reason: 'it is rude' });
    expect((await listReports(ann, id)).reports).to.deep.equal([report]);
    expect(await codeOf(listReports(ben, id))).to.deep.equal(['role_required', false]);
  });

  it('reads what was said and who is there', async () => {
    const { token, id, username } = await someone();
    const ann = api(() => token);
    const room = await ann.createRoom({ name: 'talk' });
    const socket = await connectPlain(cluster.url, room.id, token);
    for (const content of ['one', 'two', 'three']) {
      socket.send(content);
      await socket.message(content);
    }
    expect(await ann.members(room.id)).to.deep.equal({ members: [{ id, username }], next: null });
    await socket.close();
    const newest = await ann.messages(room.id, { limit: 2 });
    expect(newest.messages.map(({ content }) => content)).to.deep.equal(['two', 'three']);
    const older = await ann.messages(room.id, { before: newest.before ?? '' });
    expect(older.messages.map(({ content }) => content)).to.deep.equal(['one']);
    expect((await ann.messages(room.id, { after: '0-0' })).messages).to.have.length(3);
  });

  it('has a method or a function for every operation, or a reason for having none', () => {
    const documented = check.operations.map(({ operationId }) => operationId);
    expect([...asked, ...Object.keys(ABSENT)]).to.have.members(documented);
    expect(comparedTypes).to.not.be.empty;
  });

  async function someone(): Promise<{ token: string; password: string; id: number; username: string }> {
    const account = {
      username: `user-${unique()}`,
      email: `${unique()}@example.com`,
      password: 'open sesame',
    };
    await api().signUp(account);
    const { token = '', ...user } = await api().signIn(account);
    return { token, password: account.password, ...user };
  }
});
