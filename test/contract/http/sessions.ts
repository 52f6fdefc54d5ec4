import { connectPlain } from '@chorus/testing';
import { expect } from 'chai';
import { createPerson, createRoom, request, signIn } from '../../support/clients/people.js';
import { expectBody, expectError, expectRefusal } from '../expectations.js';
import type { Target } from '../target.js';

export function describeSessions(target: () => Target): void {
  describe('DELETE /api/users/me/sessions', () => {
    it('signs out everywhere', async () => {
      const { url } = target();
      const ann = await createPerson(url, 'ann');
      const other = (await signIn(url, ann)).token;
      const answer = await request(`${url}/api/users/me/sessions`, { method: 'DELETE', token: ann.token });
      expect(answer.status).to.equal(204);
      for (const token of [ann.token, other]) {
        expectError(await request(`${url}/api/users/me`, { token }), 401);
      }
    });
  });

  describe('POST /api/users/logout', () => {
    it('ends the session, and is refused to pages of other sites', async () => {
      const { url } = target();
      const ann = await createPerson(url, 'ann');
      const from = (headers: Record<string, string>) =>
        request(`${url}/api/users/logout`, { method: 'POST', token: ann.token, headers });
      expectError(await from({ origin: 'https://evil.example' }), 403);
      expect((await request(`${url}/api/users/me`, { token: ann.token })).status).to.equal(200);
      expectBody(await from({}), 200, { message: 'logout successful' });
      expectError(await request(`${url}/api/users/me`, { token: ann.token }), 401);
    });
  });

  describe('GET /api/users/logout', () => {
    it('clears the cookie', async () => {
      const { cookie } = await createPerson(target().url);
      const answer = await request(`${target().url}/api/users/logout`, { headers: { cookie } });
      expectBody(answer, 200, { message: 'logout successful' });
      expect(answer.headers.getSetCookie()).to.deep.equal([
        'jwt=; HttpOnly; Path=/; Max-Age=0; SameSite=Lax',
      ]);
    });

    it('ends the token that came along, and the sockets opened with it; other sign-ins stay', async () => {
      const { url } = target();
      const ann = await createPerson(url, 'ann');
      const again = (await signIn(url, ann)).token;
      const room = await createRoom(url, ann);
      const gone = await connectPlain(url, room, ann.token);
      const stays = await connectPlain(url, room, again);
      expect((await request(`${url}/api/users/logout`, { token: ann.token })).status).to.equal(200);
      expect((await gone.ended).code).to.equal(4401);
      expectError(await request(`${url}/api/users/me`, { token: ann.token }), 401);
      await expectRefusal(401, url, room, ann.token);
      expect((await request(`${url}/api/users/me`, { token: again })).status).to.equal(200);
      stays.send('still here');
      await stays.message('still here');
      await stays.close();
    });
  });

  describe('POST /api/users/refresh', () => {
    const refresh = (token: string) =>
      request(`${target().url}/api/users/refresh`, { method: 'POST', token });
    const tokenOf = (answer: { headers: Headers }) =>
      /^jwt=([^;]+); HttpOnly; Path=\/; Max-Age=3600; SameSite=Lax$/.exec(
        answer.headers.get('set-cookie') ?? '',
      )?.[1] ?? '';

    it('gives out a newer token as a cookie, and says until when it counts', async () => {
      const { id, username, token } = await createPerson(target().url);
      const before = Date.now();
      const answer = await refresh(token);
      const { expiresAt } = answer.body as { expiresAt: number };
      // In the body as well: the request carried its token in a header.
      expectBody(answer, 200, { id, username, expiresAt, token: tokenOf(answer) });
      // The end of a token is a whole second.
      expect(expiresAt).to.be.within(before + 3_599_000, Date.now() + 3_600_000);
      for (const either of [token, tokenOf(answer)]) {
        expect((await request(`${target().url}/api/users/me`, { token: either })).status).to.equal(200);
      }
    });

    it('lets the whole session end with any of its tokens, and its sockets; other sign-ins stay', async () => {
      const { url } = target();
      const ann = await createPerson(url, 'ann');
      const other = (await signIn(url, ann)).token;
      const second = tokenOf(await refresh(ann.token));
      const third = tokenOf(await refresh(second));
      const room = await createRoom(url, ann);
      const sockets = await Promise.all(
        [ann.token, second, third].map((token) => connectPlain(url, room, token)),
      );
      expect((await request(`${url}/api/users/logout`, { token: ann.token })).status).to.equal(200);
      for (const socket of sockets) expect((await socket.ended).code).to.equal(4401);
      for (const token of [ann.token, second, third]) {
        expectError(await refresh(token), 401);
        await expectRefusal(401, url, room, token);
      }
      expect((await refresh(other)).status).to.equal(200);
    });
  });
}
