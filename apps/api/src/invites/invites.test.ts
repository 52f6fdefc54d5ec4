import type { Answer } from '@chorus/testing';
import { expect } from 'chai';
import { ANN, BEN, CAT, DAN, type User, useMembers } from '../testing/members.js';

describe('invitations', function () {
  this.timeout(60_000);
  const fixture = useMembers();
  const { as, newRoom, entries } = fixture;

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
    await fixture.access.ban({ userId: DAN.id, roomId: room });
    expect((await accept(DAN, second)).body.code).to.equal('banned');
    await as(ANN).post(`/api/rooms/${room}/invites`, {});
    expect((await as(ANN).post(`/api/rooms/${room}/invites`, {})).body.code).to.equal('too_many_invites');
    expect((await as(ANN).delete(`/api/rooms/${room}/invites/${second}`)).status).to.equal(204);
    expect((await as(ANN).delete(`/api/rooms/${room}/invites/${second}`)).status).to.equal(404);
    expect((await accept(DAN, second)).body.code).to.equal('invite_not_found');
    await fixture.db.$executeRaw`UPDATE invites SET expires_at = now()`;
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
    await fixture.db.$executeRaw`UPDATE invites SET expires_at = now()`;
    expect((await open()).body.invites, 'the other has expired').to.deep.equal([]);
    expect((await as(ANN).get(`${invites}?cursor=a%20b`)).status).to.equal(400);
  });
});
