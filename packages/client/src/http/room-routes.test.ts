import { expect } from 'chai';
import { ChorusApi } from './chorus-api.js';
import { acceptInvite, createInvite, listInvites, revokeInvite } from './invites.js';
import { listMembers, muteMember, putMember, removeMember } from './members.js';
import { listReports, reportMessage } from './reports.js';
import { findUsers, openDirectRoom } from './users.js';

describe('functions of the API about rooms and members', () => {
  let sent: unknown[];
  const api = new ChorusApi({
    url: 'http://chorus',
    fetch: async (url, init) => {
      const path = String(url).slice('http://chorus'.length);
      sent.push([init?.method, path, ...(init?.body == null ? [] : [JSON.parse(String(init.body))])]);
      return Response.json({ users: [] });
    },
  });
  beforeEach(() => {
    sent = [];
  });

  it('send rooms with their kind, topic and slow mode', async () => {
    await api.createRoom({ name: 'a', kind: 'private', topic: 'b' });
    await api.changeRoom(1, { topic: 'c', slowModeSeconds: 5 });
    await api.renameRoom(1, 'd');
    await openDirectRoom(api, [2, 3]);
    expect(sent).to.deep.equal([
      ['POST', '/api/rooms', { name: 'a', kind: 'private', topic: 'b' }],
      ['PATCH', '/api/rooms/1', { topic: 'c', slowModeSeconds: 5 }],
      ['PATCH', '/api/rooms/1', { name: 'd' }],
      ['POST', '/api/direct', { userIds: [2, 3] }],
    ]);
  });

  it('send members, their roles and mutes', async () => {
    await listMembers(api, 1);
    await listMembers(api, 1, { cursor: 7, limit: 2 });
    await putMember(api, 1, 2);
    await putMember(api, 1, 2, 'moderator');
    await muteMember(api, 1, 2, 60);
    expect(await removeMember(api, 1, 2)).to.equal(undefined);
    expect(sent).to.deep.equal([
      ['GET', '/api/rooms/1/members?'],
      ['GET', '/api/rooms/1/members?cursor=7&limit=2'],
      ['PUT', '/api/rooms/1/members/2', {}],
      ['PUT', '/api/rooms/1/members/2', { role: 'moderator' }],
      ['PUT', '/api/rooms/1/members/2/mute', { seconds: 60 }],
      ['DELETE', '/api/rooms/1/members/2'],
    ]);
  });

  it('send invitations, reports and searches', async () => {
    await createInvite(api, 1);
    await createInvite(api, 1, { expiresInSeconds: 60, maxUses: 1 });
    await listInvites(api, 1);
    await listInvites(api, 1, { cursor: 'a', limit: 2 });
    await revokeInvite(api, 1, 'a/b');
    await acceptInvite(api, 'a/b');
    await reportMessage(api, 1, { epoch: 5, seq: 6 }, 'rude');
    await listReports(api, 1, { limit: 9 });
    expect(await findUsers(api, 'a b&c')).to.deep.equal([]);
    expect(sent).to.deep.equal([
      ['POST', '/api/rooms/1/invites', {}],
      ['POST', '/api/rooms/1/invites', { expiresInSeconds: 60, maxUses: 1 }],
      ['GET', '/api/rooms/1/invites?'],
      ['GET', '/api/rooms/1/invites?cursor=a&limit=2'],
      ['DELETE', '/api/rooms/1/invites/a%2Fb'],
      ['POST', '/api/invites/a%2Fb/accept'],
      ['POST', '/api/rooms/1/messages/5-6/report', { reason: 'rude' }],
      ['GET', '/api/rooms/1/reports?limit=9'],
      ['GET', '/api/users?search=a+b%26c'],
    ]);
  });
});
