import { Tokens } from '@chorus/auth';
import type { Database } from '@chorus/database';
import type { Environment } from '@chorus/service';
import { expect } from 'chai';
import { type Client, newUser, openDatabase, type RunningApi, SECRET, startApi } from '../testing/api.js';

const SIGN_UP = '/api/users/signup';
const SIGN_IN = '/api/users/signin';

describe('signing in', function () {
  this.timeout(60_000);
  let db: Database;
  let running: RunningApi;
  let client: Client;
  before(async () => {
    db = (await openDatabase()).db;
    running = await startApi(db);
    client = running.client;
  });
  after(async () => {
    await running.close();
    await db.$disconnect();
  });

  it('sets the cookie of the original service, byte for byte', async () => {
    const user = newUser();
    const { id } = (await client.post(SIGN_UP, user)).body;
    const answer = await client.post(SIGN_IN, { email: user.email.toUpperCase(), password: user.password });
    expect([answer.status, answer.body]).to.deep.equal([200, { id, username: user.username }]);
    const [cookie = '', ...others] = answer.headers.getSetCookie();
    expect(others).to.deep.equal([]);
    const [, token] =
      /^jwt=([\w-]+\.[\w-]+\.[\w-]+); HttpOnly; Path=\/; Max-Age=3600; SameSite=Lax$/.exec(cookie) ?? [];
    const check = new Tokens(SECRET).verify(token);
    expect(check.ok && check.token.user).to.deep.equal({ id, username: user.username });
  });

  it('puts the token into the body instead of a cookie on request', async () => {
    const user = newUser();
    const { id } = (await client.post(SIGN_UP, user)).body;
    const answer = await client.post(SIGN_IN, { ...user, returnToken: true });
    const { token, ...rest } = answer.body;
    expect([rest, answer.headers.get('set-cookie')]).to.deep.equal([{ id, username: user.username }, null]);
    const holder = client.with({ Authorization: `Bearer ${token}` });
    expect((await holder.get('/api/users/me')).status).to.equal(200);
    const renewed = await holder.send('POST', '/api/users/refresh');
    expect(
      (await client.with({ Authorization: `Bearer ${renewed.body.token}` }).get('/api/users/me')).status,
    ).to.equal(200);
    // A page whose token is in the cookie must not read the token.
    const byCookie = await client.with({ Cookie: `jwt=${token}` }).send('POST', '/api/users/refresh');
    expect(byCookie.body).to.not.have.property('token');
    const wrong = await client.post(SIGN_IN, { ...user, returnToken: 'yes' });
    expect([wrong.status, wrong.body]).to.deep.equal([400, { error: 'returnToken must be true or false' }]);
  });

  it('answers a wrong password and an unknown address alike', async () => {
    const user = newUser();
    await client.post(SIGN_UP, user);
    const answers = [
      await client.post(SIGN_IN, { email: user.email, password: 'wrong password' }),
      await client.post(SIGN_IN, { email: 'nobody@example.com', password: user.password }),
      await client.post(SIGN_IN, { email: user.email, password: '' }),
      await client.post(SIGN_IN, { email: user.email, password: `${user.password}\0` }),
    ];
    for (const answer of answers) {
      expect([answer.status, answer.body]).to.deep.equal([401, { error: 'wrong email or password' }]);
      expect(answer.headers.get('set-cookie')).to.equal(null);
      expect([...answer.headers.keys()].sort()).to.deep.equal([...(answers[0]?.headers.keys() ?? [])].sort());
    }
  });

  it('compares the whole password, not only the bytes that bcrypt reads', async () => {
    const user = newUser({ password: 'x'.repeat(72) });
    await client.post(SIGN_UP, user);
    expect((await client.post(SIGN_IN, user)).status).to.equal(200);
    expect((await client.post(SIGN_IN, { ...user, password: 'x'.repeat(73) })).status).to.equal(401);
  });

  it('names the field that is missing or of the wrong type', async () => {
    const cases: Array<[object, string]> = [
      [{}, 'email is required'],
      [{ email: 'a@example.com' }, 'password is required'],
      [{ email: 'a@example.com', password: 1234567 }, 'password must be a string'],
      [{ email: 'a\0@example.com', password: 'rahasia' }, 'email must be an e-mail address'],
    ];
    for (const [body, error] of cases) {
      const answer = await client.post(SIGN_IN, body);
      expect([answer.status, answer.body]).to.deep.equal([400, { error }]);
    }
  });

  describe('the attributes of the cookie', () => {
    const cookieFrom = async (env: Environment, headers: Record<string, string> = {}) => {
      const running = await startApi(db, env);
      try {
        const user = newUser();
        await running.client.post(SIGN_UP, user);
        const sender = running.client.with(headers);
        const given = (await sender.post(SIGN_IN, user)).headers.get('set-cookie') ?? '';
        await sender.post(SIGN_IN, user);
        const cleared = (await sender.get('/api/users/logout')).headers.get('set-cookie') ?? '';
        const warnings = running.log.filter((line) => line.includes('without Secure')).length;
        return {
          given: given.replace(/^jwt=[^;]+; /, ''),
          cleared: cleared.replace(/^jwt=; /, ''),
          warnings,
        };
      } finally {
        await running.close();
      }
    };
    const TLS = { 'X-Forwarded-Proto': 'https' };

    for (const [title, env, headers, end] of [
      ['are Lax by default, and not Secure over HTTP', {}, {}, 'SameSite=Lax'],
      ['are Secure behind a trusted proxy with TLS', { TRUST_PROXY: '1' }, TLS, 'Secure; SameSite=Lax'],
      ['do not follow a header that no trusted proxy wrote', {}, TLS, 'SameSite=Lax'],
      [
        'are not Secure where that is switched off',
        { TRUST_PROXY: '1', COOKIE_SECURE: 'false' },
        TLS,
        'SameSite=Lax',
      ],
      [
        'can be Secure and None',
        { COOKIE_SECURE: 'true', COOKIE_SAMESITE: 'none' },
        {},
        'Secure; SameSite=None',
      ],
      ['can be Strict', { COOKIE_SAMESITE: 'strict' }, {}, 'SameSite=Strict'],
    ] as const) {
      it(title, async () => {
        expect(await cookieFrom(env, headers)).to.deep.equal({
          given: `HttpOnly; Path=/; Max-Age=3600; ${end}`,
          cleared: `HttpOnly; Path=/; Max-Age=0; ${end}`,
          warnings: 0,
        });
      });
    }

    it('are logged once when production issues a cookie that is not Secure', async () => {
      const production = { NODE_ENV: 'production', TRUST_PROXY: '1' };
      expect((await cookieFrom(production)).warnings).to.equal(1);
      expect((await cookieFrom(production, TLS)).warnings).to.equal(0);
    });
  });
});
