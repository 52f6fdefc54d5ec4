import { randomBytes } from 'node:crypto';
import { connectPlain } from '@chorus/testing';
import { expect } from 'chai';
import { identityToken } from '../../support/clients/identity-token.js';
import { operate } from '../../support/clients/operator.js';
import { createPerson, createRoom, request, signIn as signedIn } from '../../support/clients/people.js';
import { expectBody, expectError, expectRefusal } from '../expectations.js';
import type { Target } from '../target.js';

const unique = (): string => randomBytes(6).toString('hex');

/** The profile of a new user. */
const NOTHING_SHOWN = { displayName: null, avatarUrl: null };

const UNUSUAL_NAME = `<b>"O'Brien" & \\\\n ☃ 👩‍👩‍👧 é</b>`;

export function describeUsers(target: () => Target): void {
  const signUp = (body: unknown) => request(`${target().url}/api/users/signup`, { body });
  const signIn = (body: unknown) => request(`${target().url}/api/users/signin`, { body });

  /** Signs somebody up and returns what they sign in with. */
  const someone = async (): Promise<{ id: number; username: string; email: string; password: string }> => {
    const account = {
      username: `user-${unique()}`,
      email: `${unique()}@example.com`,
      password: 'open sesame',
    };
    const { body } = await signUp(account);
    return { ...account, id: (body as { id: number }).id };
  };

  describe('POST /api/users/signup', () => {
    it('answers with id, user name and e-mail address', async () => {
      const email = `${unique()}@Example.com`;
      const username = `user-${unique()}`;
      // As short as the password in the original's document.
      const answer = await signUp({ username, email, password: 'rahasia' });
      const { id } = answer.body as { id: number };
      expectBody(answer, 200, { id, username, email });
      expect(id).to.be.a('number').that.is.above(0);
      expect(Number.isSafeInteger(id)).to.equal(true);
    });

    it('gives every user an id of their own', async () => {
      const ids = (await Promise.all([someone(), someone(), someone()])).map(({ id }) => id);
      expect(new Set(ids).size).to.equal(3);
    });

    it('refuses a user name and an e-mail address that exist, the latter in any case of letters', async () => {
      const { username, email } = await someone();
      const password = 'open sesame';
      const sameName = await signUp({ username, email: `${unique()}@example.com`, password });
      expect(expectError(sameName, 409)).to.equal('username already exists');
      const sameEmail = await signUp({ username: unique(), email: email.toUpperCase(), password });
      expect(expectError(sameEmail, 409)).to.equal('email already exists');
    });

    it('takes a user name for one that differs in the case of letters', async () => {
      const { username } = await someone();
      const other = {
        username: username.toUpperCase(),
        email: `${unique()}@example.com`,
        password: 'open sesame',
      };
      expect(expectError(await signUp(other), 409)).to.equal('username already exists');
    });

    it('keeps a name with markup, quotes and emoji as it was written', async () => {
      const username = `${UNUSUAL_NAME}${unique()}`;
      const email = `${unique()}@example.com`;
      const signedUp = await signUp({ username, email, password: 'open sesame' });
      const { id } = signedUp.body as { id: number };
      expectBody(signedUp, 200, { id, username, email });
      const signedIn = await signIn({ email, password: 'open sesame' });
      expectBody(signedIn, 200, { id, username });
      const cookie = signedIn.headers.getSetCookie()[0]?.split(';')[0] ?? '';
      const me = await request(`${target().url}/api/users/me`, { headers: { cookie } });
      expectBody(me, 200, { id, username, email, ...NOTHING_SHOWN });
    });

    for (const [password, status] of [
      ['bytes', 400],
      ['6bytes', 200],
      ['x'.repeat(72), 200],
      ['x'.repeat(73), 400],
      ['🔑'.repeat(18), 200],
      ['🔑'.repeat(19), 400],
    ] as const) {
      it(`answers ${status} to ${[...password].length} characters that are ${Buffer.byteLength(password)} bytes as a password`, async () => {
        const email = `${unique()}@example.com`;
        const answer = await signUp({ username: unique(), email, password });
        if (status === 400)
          return expect(expectError(answer, 400)).to.match(
            /^password must be at (least 6 characters|most 72 bytes)/,
          );
        expect(answer.status).to.equal(200);
        expect((await signIn({ email, password })).status).to.equal(200);
        // Nothing of it is cut off.
        expect((await signIn({ email, password: password.slice(0, -2) })).status).to.equal(401);
      });
    }

    it('refuses more attempts for one address than are allowed', async () => {
      const { email } = await someone();
      const again = () => signUp({ username: unique(), email, password: 'open sesame' });
      expectError(await again(), 409);
      expectError(await again(), 409);
      const answer = await again();
      expectError(answer, 429);
      expect(Number(answer.headers.get('retry-after'))).to.be.within(1, 900);
    });
  });

  describe('POST /api/users/signin', () => {
    it('answers with id and user name, and the token as a cookie', async () => {
      const { id, username, email, password } = await someone();
      const answer = await signIn({ email, password });
      expectBody(answer, 200, { id, username });
      expect(answer.headers.getSetCookie()).to.have.length(1);
      expect(answer.headers.get('set-cookie')).to.match(
        /^jwt=[\w-]+\.[\w-]+\.[\w-]+; HttpOnly; Path=\/; Max-Age=3600; SameSite=Lax$/,
      );
    });

    it('finds the account whatever the case of letters in the e-mail address', async () => {
      const { email, password } = await someone();
      expect((await signIn({ email: email.toUpperCase(), password })).status).to.equal(200);
    });

    it('does not tell a wrong password from an unknown e-mail address', async () => {
      const { email, password } = await someone();
      const wrong = await signIn({ email, password: `${password}!` });
      const unknown = await signIn({ email: `${unique()}@example.com`, password });
      expectError(wrong, 401);
      expectBody(unknown, 401, wrong.body);
      expect([...unknown.headers.keys()]).to.deep.equal([...wrong.headers.keys()]);
      expect(wrong.headers.getSetCookie()).to.deep.equal([]);
    });

    it('refuses further attempts after too many failures, even with the right password', async () => {
      const { email, password } = await someone();
      for (let failure = 0; failure < 3; failure++) {
        expectError(await signIn({ email, password: 'not this one' }), 401);
      }
      const answer = await signIn({ email, password });
      expectError(answer, 429);
      expect(Number(answer.headers.get('retry-after'))).to.be.within(1, 900);
    });
  });

  it('GET /api/sign-in lists the ways to sign in', async () => {
    expectBody(await request(`${target().url}/api/sign-in`), 200, { passwords: true, providers: [] });
  });

  it('a user changes the profile, and deletes the account with the password', async () => {
    const account = await someone();
    const token = await signedIn(target().url, account).then((person) => person.token);
    const url = `${target().url}/api/users/me`;
    const { id, username, email, password } = account;
    const shown = { displayName: 'Someone New', avatarUrl: 'https://img.example/a.png' };
    const changed = await request(url, { method: 'PATCH', token, body: shown });
    expectBody(changed, 200, { id, username, email, ...shown });
    expectError(await request(url, { method: 'DELETE', token, body: { password: 'wrong' } }), 403);
    expect((await request(url, { method: 'DELETE', token, body: { password } })).status).to.equal(204);
    expectError(await request(url, { token }), 401);
  });

  describe('POST /api/users/exchange', () => {
    const exchange = (body: unknown) => request(`${target().url}/api/users/exchange`, { body });

    it('makes a session of a token of an identity provider, as sign-in does', async () => {
      const claims = { sub: unique(), preferred_username: `user-${unique()}` };
      const answer = await exchange({ token: identityToken(claims) });
      const { id } = answer.body as { id: number };
      expectBody(answer, 200, { id, username: claims.preferred_username });
      const cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? '';
      expect(cookie).to.match(/^jwt=/);
      const me = await request(`${target().url}/api/users/me`, { headers: { cookie } });
      expect(me.body).to.include({ id, username: claims.preferred_username });
      expectError(await exchange({ token: identityToken({ ...claims, aud: 'another' }) }), 401);
    });
  });

  describe('POST /api/users/forgot-password', () => {
    it('is answered alike whether or not there is an account', async () => {
      const ask = (email: string) =>
        request(`${target().url}/api/users/forgot-password`, { body: { email } });
      for (const email of [(await someone()).email, `${unique()}@example.com`]) {
        expectBody(await ask(email), 202, { email });
      }
      expectError(await ask('nobody'), 400);
    });
  });

  describe('POST /api/users/reset-password', () => {
    it('sets the password with the link that an operator made, once, and ends all sessions', async () => {
      const { url } = target();
      const ann = await createPerson(url, 'ann');
      const made = await operate(target(), `POST /users/${ann.id}/reset-link`);
      const body = { token: made.body.token, newPassword: 'close sesame' };
      const page = await request(`${url}${made.body.path}`);
      expect([page.status, page.headers.get('content-type')]).to.deep.equal([
        200,
        'text/html; charset=utf-8',
      ]);
      expect((await request(`${url}/api/users/reset-password`, { body })).status).to.equal(204);
      expectError(await request(`${url}/api/users/reset-password`, { body }), 404);
      expectError(await request(`${url}/api/users/me`, { token: ann.token }), 401);
      const { email } = ann;
      expectError(await signIn({ email, password: ann.password }), 401);
      expect((await signIn({ email, password: body.newPassword })).status).to.equal(200);
    });
  });

  describe('PUT /api/users/me/password', () => {
    it('ends all other sessions and their sockets, and gives out a token of a new one', async () => {
      const { url } = target();
      const ann = await createPerson(url, 'ann');
      const other = (await signedIn(url, ann)).token;
      const room = await createRoom(url, ann);
      const sockets = await Promise.all([ann.token, other].map((token) => connectPlain(url, room, token)));
      const body = { currentPassword: ann.password, newPassword: 'close sesame' };
      const answer = await request(`${url}/api/users/me/password`, { method: 'PUT', token: ann.token, body });
      const { token, ...rest } = answer.body as { token: string };
      expect([answer.status, rest]).to.deep.equal([200, { id: ann.id, username: ann.username }]);
      for (const socket of sockets) expect((await socket.ended).code).to.equal(4401);
      for (const ended of [ann.token, other]) {
        expectError(await request(`${url}/api/users/me`, { token: ended }), 401);
        await expectRefusal(401, url, room, ended);
      }
      const socket = await connectPlain(url, room, token);
      await socket.close();
      const { email } = ann;
      expectError(await signIn({ email, password: ann.password }), 401);
      expect((await signIn({ email, password: 'close sesame' })).status).to.equal(200);
    });
  });

  describe('GET /api/users/me', () => {
    it('says who the token belongs to, from cookie and bearer alike', async () => {
      const { id, username, email, cookie, token } = await createPerson(target().url);
      const url = `${target().url}/api/users/me`;
      const account = { id, username, email, ...NOTHING_SHOWN };
      expectBody(await request(url, { headers: { cookie } }), 200, account);
      expectBody(await request(url, { token }), 200, account);
    });
  });
}
