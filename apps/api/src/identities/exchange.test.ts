import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { Database } from '@chorus/database';
import { type OpenIdUser, startTestOpenIdProvider, type TestOpenIdProvider } from '@chorus/testing';
import { expect } from 'chai';
import { type Client, newUser, openDatabase, type RunningApi, startApi } from '../testing/api.js';
import { newKey, withKey } from '../testing/keys.js';

/** The built chat page. */
const PAGE = fileURLToPath(new URL('../../../web/dist', import.meta.url));

describe('POST /api/users/exchange', function () {
  this.timeout(60_000);
  let db: Database;
  let provider: TestOpenIdProvider;
  let running: RunningApi;
  let client: Client;
  const settings = (fields: object = {}) => ({
    AUTH_ISSUERS: JSON.stringify([
      { issuer: provider.issuer, audience: 'RS256', jwksUrl: provider.jwksUrl, ...fields },
    ]),
  });
  before(async () => {
    db = (await openDatabase()).db;
    provider = await startTestOpenIdProvider();
    running = await startApi(db, settings());
    await running.mirrored();
    client = running.client;
  });
  after(async () => {
    await running.close();
    await provider.close();
    await db.$disconnect();
  });

  let count = 0;
  const someone = (fields: Partial<OpenIdUser> = {}): OpenIdUser => {
    count++;
    return { sub: `sub-${count}`, preferred_username: `person ${count}`, ...fields };
  };
  const exchange = async (user: OpenIdUser, iat?: number) => {
    const token = await provider.sign({ ...user, ...(iat !== undefined && { iat }) });
    return client.post('/api/users/exchange', { token });
  };

  it('makes a session by the answer and the cookie of sign-in', async () => {
    provider.user = someone({ preferred_username: 'Zoë' });
    const answer = await client.post('/api/users/exchange', { token: await provider.idToken() });
    expect(answer.status).to.equal(200);
    expect(Object.keys(answer.body)).to.deep.equal(['id', 'username']);
    expect(answer.body.username).to.equal('Zoë');
    const cookie = answer.headers.get('set-cookie') ?? '';
    expect(cookie).to.match(/^jwt=[^;]+; HttpOnly; Path=\/; Max-Age=3600; SameSite=Lax$/);
    const session = client.with({ Cookie: cookie.split(';')[0] ?? '' });
    expect((await session.get('/api/users/me')).body).to.include({ ...answer.body, email: '' });
    const again = await client.post('/api/users/exchange', {
      token: await provider.idToken(),
      returnToken: true,
    });
    expect([again.body.id, again.headers.get('set-cookie')]).to.deep.equal([answer.body.id, null]);
    const bearer = client.with({ Authorization: `Bearer ${again.body.token}` });
    expect((await bearer.send('POST', '/api/users/refresh')).status).to.equal(200);
  });

  it('gives each subject of each issuer a user, even to requests that race', async () => {
    const [one, two] = [someone(), someone()];
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, at) => exchange(at % 2 === 0 ? one : two)),
    );
    expect(answers.map(({ status }) => status)).to.deep.equal(answers.map(() => 200));
    const ids = answers.map(({ body }) => body.id);
    expect(new Set(ids).size).to.equal(2);
    expect(new Set(ids.filter((_, at) => at % 2 === 0)).size).to.equal(1);
    expect(new Set(answers.map(({ body }) => body.username))).to.deep.equal(
      new Set([one.preferred_username, two.preferred_username]),
    );
  });

  it('adds a number to a name that is like that of another user, and never gives the account of another', async () => {
    const { username } = newUser({ username: 'Olga' });
    const account = newUser({ username });
    const owner = (await client.post('/api/users/signup', account)).body.id;
    const names = [];
    for (const preferred_username of ['Olga', 'OLGA', 'olga']) {
      const { body } = await exchange(someone({ preferred_username }));
      expect(body.id).to.not.equal(owner);
      names.push(body.username);
    }
    expect(names).to.deep.equal(['Olga-2', 'OLGA-3', 'olga-4']);
    // Nine of them are taken.
    for (let more = 0; more < 5; more++) await exchange(someone({ preferred_username: 'Olga' }));
    expect((await exchange(someone({ preferred_username: 'Olga' }))).body.username).to.match(
      /^Olga-[0-9a-f]{8}$/,
    );
  });

  it('makes a valid name of any claim', async () => {
    const cases: ReadonlyArray<readonly [claim: unknown, name: RegExp]> = [
      [undefined, /^user-[0-9a-f]{8}$/],
      [7, /^user-[0-9a-f]{8}$/],
      ['', /^user-[0-9a-f]{8}$/],
      ['a\u202eb', /^user-[0-9a-f]{8}$/],
      ['\0', /^user-[0-9a-f]{8}$/],
      ['  Padded  ', /^Padded$/],
      ['é'.repeat(300), /^é{64}$/],
      ['é'.repeat(300), /^é{62}-2$/],
    ];
    for (const [claim, name] of cases) {
      const token = await provider.sign({ ...someone(), preferred_username: claim });
      expect((await client.post('/api/users/exchange', { token })).body.username, String(claim)).to.match(
        name,
      );
    }
    const named = await provider.sign({ ...someone(), preferred_username: undefined, name: 'By name' });
    expect((await client.post('/api/users/exchange', { token: named })).body.username).to.equal('By name');
  });

  it('keeps the name and the avatar current, and ignores those of older tokens', async () => {
    const now = Math.floor(Date.now() / 1_000);
    const user = someone({ preferred_username: 'Petra', picture: 'https://img.example/1.png' });
    const { id } = (await exchange(user, now - 100)).body;
    const renamed = { ...user, preferred_username: 'Petra B', picture: 'https://img.example/2.png' };
    expect((await exchange(renamed, now - 50)).body).to.deep.equal({ id, username: 'Petra B' });
    expect((await exchange(user, now - 100)).body.username).to.equal('Petra B');
    const stored = await db.user.findUniqueOrThrow({ where: { id } });
    expect([stored.username, stored.avatarUrl]).to.deep.equal(['Petra B', 'https://img.example/2.png']);
    await exchange({ ...renamed, picture: 'javascript:alert(1)' }, now - 10);
    expect((await db.user.findUniqueOrThrow({ where: { id } })).avatarUrl).to.equal(null);
    // A name that an operator gave stays until the issuer has another one.
    await db.user.update({ where: { id }, data: { username: 'Petra the third' } });
    expect((await exchange(renamed, now)).body.username).to.equal('Petra the third');
  });

  it('takes ids of any kind, and refuses what PostgreSQL cannot store', async () => {
    const ids = [];
    // Not compressible, as the longest is: it must fit into the index.
    const longest = randomBytes(512).toString('hex');
    for (const sub of ['0', 'a:b|c', 'é'.repeat(500), longest]) {
      const { status, body } = await exchange(someone({ sub }));
      expect(status, sub).to.equal(200);
      ids.push(body.id);
    }
    expect(new Set(ids).size).to.equal(4);
    expect((await exchange(someone({ sub: 'a\0b' }))).body.code).to.equal('invalid_identity');
    expect((await exchange(someone({ sub: '☃'.repeat(342) }))).body.code).to.equal('invalid_identity');
  });

  it('refuses tokens with a reason, banned users, and bodies that are none', async () => {
    const expired = await provider.sign({ exp: 1 });
    const refused = await client.post('/api/users/exchange', { token: expired });
    expect([refused.status, refused.body]).to.deep.equal([
      401,
      { error: 'the token cannot be exchanged: it has expired', code: 'invalid_identity' },
    ]);
    expect(refused.headers.get('set-cookie')).to.equal(null);
    const user = someone();
    const { id } = (await exchange(user)).body;
    await running.access.ban({ userId: id, roomId: undefined });
    const banned = await exchange(user);
    expect([banned.status, banned.body.code, banned.headers.get('set-cookie')]).to.deep.equal([
      403,
      'user_banned',
      null,
    ]);
    for (const body of [
      {},
      { token: '' },
      { token: 1 },
      { token: 'x'.repeat(20_000) },
      { token: 'x', more: 1 },
    ]) {
      expect((await client.post('/api/users/exchange', body)).status).to.equal(400);
    }
  });

  it('refuses only new sign-ins while keys cannot be read, and asks neither the provider nor PostgreSQL about sessions', async () => {
    const user = someone();
    const token = await provider.sign(user);
    const fresh = await startApi(db, settings());
    try {
      await fresh.mirrored();
      const signedIn = await client.post('/api/users/exchange', { token, returnToken: true });
      provider.fault = 'gone';
      const session = fresh.client.with({ Authorization: `Bearer ${signedIn.body.token}` });
      const refused = await fresh.client.post('/api/users/exchange', { token });
      expect([refused.status, refused.body.code, refused.headers.get('retry-after')]).to.deep.equal([
        503,
        'issuer_unavailable',
        '5',
      ]);
      expect((await session.get('/api/users/me')).status).to.equal(200);
      expect((await session.send('POST', '/api/users/refresh')).status).to.equal(200);
    } finally {
      provider.fault = undefined;
      await fresh.close();
    }
  });

  it('makes a new user after the user was deleted', async () => {
    const user = someone();
    const { id } = (await exchange(user)).body;
    const key = withKey(client, await newKey(db, ['users:write']));
    expect((await key.delete(`/api/users/${id}`)).status).to.equal(204);
    expect(await db.externalIdentity.count({ where: { userId: id } })).to.equal(0);
    const next = (await exchange(user)).body;
    expect(next.id).to.be.above(id);
    // An API of the version before leaves the identity.
    await db.user.update({ where: { id: next.id }, data: { deletedAt: new Date() } });
    expect((await exchange(user)).body.id).to.be.above(next.id);
  });

  it('is offered to the chat page by issuers that have a client for it, and the policy of the page allows their requests', async () => {
    const page = {
      clientId: 'web',
      name: 'Example',
      authorizationUrl: 'https://id.example/auth',
      tokenUrl: 'https://id.example:444/token',
    };
    const offering = await startApi(db, { ...settings({ page }), WEB_DIR: PAGE });
    try {
      expect((await offering.client.get('/api/sign-in')).body).to.deep.equal({
        passwords: true,
        providers: [{ issuer: provider.issuer, ...page, scope: 'openid profile' }],
      });
      const policy = (await offering.client.get('/')).headers.get('content-security-policy');
      expect(policy).to.include("; connect-src 'self' https://id.example:444;");
    } finally {
      await offering.close();
    }
    expect((await client.get('/api/sign-in')).body).to.deep.equal({ passwords: true, providers: [] });
  });

  it('is refused without AUTH_ISSUERS', async () => {
    const plain = await startApi(db);
    try {
      const answer = await plain.client.post('/api/users/exchange', { token: await provider.sign() });
      expect([answer.status, answer.body.code]).to.deep.equal([403, 'issuers_disabled']);
    } finally {
      await plain.close();
    }
  });

  it('is the only way in with AUTH_PASSWORDS=off', async () => {
    const account = newUser();
    await client.post('/api/users/signup', account);
    const only = await startApi(db, { ...settings(), AUTH_PASSWORDS: 'off' });
    try {
      await only.mirrored();
      const error = 'passwords are not used here: sign in by the identity provider';
      for (const [path, body] of [
        ['signup', newUser()],
        ['signin', account],
      ] as const) {
        const answer = await only.client.post(`/api/users/${path}`, body);
        expect([answer.status, answer.body]).to.deep.equal([403, { error }]);
      }
      const { body } = await only.client.post('/api/users/exchange', {
        token: await provider.sign(someone()),
        returnToken: true,
      });
      const session = only.client.with({
        Authorization: `Bearer ${body.token}`,
        'Content-Type': 'application/json',
      });
      const change = JSON.stringify({ currentPassword: 'x', newPassword: 'open sesame' });
      expect((await session.send('PUT', '/api/users/me/password', change)).body.code).to.equal(
        'passwords_disabled',
      );
    } finally {
      await only.close();
    }
  });
});
