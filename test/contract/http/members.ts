import { expect } from 'chai';
import { createPerson, type Person, request } from '../../support/clients/people.js';
import { expectBody, expectError } from '../expectations.js';
import type { Target } from '../target.js';

interface Room {
  id: number;
  kind: string;
  name: string;
  role: string | null;
}

export function describeMembers(target: () => Target): void {
  let ann: Person;
  let bob: Person;
  let cat: Person;
  before(async () => {
    ann = await createPerson(target().url, 'ann');
    bob = await createPerson(target().url, 'bob');
    cat = await createPerson(target().url, 'cat');
  });

  const call = (method: string, path: string, body?: unknown, by: Person = ann) =>
    request(`${target().url}/api${path}`, { method, body, token: by.token });
  const create = async (body: object): Promise<Room> =>
    (await call('POST', '/rooms', { name: 'club', ...body })).body as Room;

  it('a private room is unknown to all but its members, on every route', async () => {
    const { id, kind, role } = await create({ kind: 'private', topic: 'secrets' });
    expect([kind, role]).to.deep.equal(['private', 'owner']);
    for (const path of [`/rooms/${id}`, `/rooms/${id}/messages`, `/rooms/${id}/members`]) {
      expect((await call('GET', path)).status).to.equal(200);
      expectBody(await call('GET', path, undefined, bob), 404, (await call('GET', '/rooms/999999')).body);
    }
    const clients = await request(`${target().url}/ws/get-clients/${id}`, { token: bob.token });
    expectError(clients, 404);
    const list = await request(`${target().url}/ws/get-rooms?after=${id - 1}`, { token: bob.token });
    expect((list.body as Room[]).map((room) => room.id)).not.to.include(id);
  });

  it('members are added, given roles, muted, listed and removed', async () => {
    const { id } = await create({ kind: 'private' });
    const member = `/rooms/${id}/members/${bob.id}`;
    expect((await call('PUT', member, {})).body).to.include({
      id: bob.id,
      username: bob.username,
      role: 'member',
    });
    expect((await call('PUT', member, { role: 'moderator' })).body).to.include({ role: 'moderator' });
    expect((await call('PUT', `${member}/mute`, { seconds: 60 })).body).to.include({ role: 'moderator' });
    const { members, nextCursor } = (await call('GET', `/rooms/${id}/members`, undefined, bob)).body as {
      members: Array<{ id: number; role: string }>;
      nextCursor: number | null;
    };
    expect(members.map((each) => [each.id, each.role])).to.deep.equal([
      [ann.id, 'owner'],
      [bob.id, 'moderator'],
    ]);
    expect(nextCursor).to.equal(null);
    expect((await call('DELETE', member)).status).to.equal(204);
    expectError(await call('GET', `/rooms/${id}`, undefined, bob), 404);
    expectError(await call('DELETE', `/rooms/${id}/members/${ann.id}`), 409);
  });

  it('an invitation makes members, until it is revoked', async () => {
    const { id } = await create({ kind: 'private' });
    const invite = await call('POST', `/rooms/${id}/invites`, {});
    const { code } = invite.body as { code: string };
    expect(invite.status).to.equal(201);
    const open = async (): Promise<unknown> => (await call('GET', `/rooms/${id}/invites`)).body;
    expect(await open()).to.deep.equal({ invites: [invite.body], nextCursor: null });
    expect((await call('POST', `/invites/${code}/accept`, {}, bob)).body).to.include({ id, role: 'member' });
    expect((await call('DELETE', `/rooms/${id}/invites/${code}`)).status).to.equal(204);
    expectError(await call('POST', `/invites/${code}/accept`, {}, cat), 404);
    expect(await open()).to.deep.equal({ invites: [], nextCursor: null });
    expectError(await call('GET', `/rooms/${id}/invites`, undefined, bob), 403);
    expectError(await call('GET', `/rooms/${id}/invites`, undefined, cat), 404);
  });

  it('the history has the changes of members in their place, if asked', async () => {
    const { id } = await create({ kind: 'private' });
    const sent = await call('POST', `/rooms/${id}/messages`, { content: 'one' });
    expect(sent.status).to.equal(201);
    expect((await call('PUT', `/rooms/${id}/members/${bob.id}`, {})).status).to.equal(200);
    const { body } = await call('GET', `/rooms/${id}/messages?changes=true`);
    const { messages, changes } = body as Record<'messages' | 'changes', Array<Record<string, unknown>>>;
    expect(messages.map(({ content, seq }) => [content, seq])).to.deep.equal([['one', 1]]);
    expect(changes.map(({ change, seq }) => [change, seq])).to.deep.equal([['member-added', 2]]);
    expect(changes[0]?.member).to.deep.include({ id: bob.id });
    expect((await call('GET', `/rooms/${id}/messages`)).body).to.not.have.property('changes');
  });

  it('a direct room is one for the same users', async () => {
    const room = (await call('POST', '/direct', { userIds: [bob.id] })).body as Room;
    expect(room).to.include({ kind: 'direct', role: 'member' });
    expectBody(await call('POST', '/direct', { userIds: [ann.id] }, bob), 200, room);
    expectError(await call('GET', `/rooms/${room.id}`, undefined, cat), 404);
  });

  it('users are found by the beginning of their names', async () => {
    const { users } = (await call('GET', `/users?search=${bob.username.slice(0, -1)}`)).body as {
      users: Person[];
    };
    expect(users.map(({ id }) => id)).to.include(bob.id);
  });
}
