import { Tokens } from '@chorus/auth';
import { MemoryAccessList } from '@chorus/control';
import type { Database } from '@chorus/database';
import { expect } from 'chai';
import { type Client, openDatabase, type RunningApi, SECRET, startApi } from '../testing/api.js';

const PASSWORD = 'open sesame';
const NEW = 'close sesame';

describe('ending all sessions of a user', function () {
  this.timeout(60_000);
  let db: Database;
  let running: RunningApi;
  let client: Client;
  before(async () => {
    db = (await openDatabase()).db;
    running = await startApi(db);
    await running.mirrored();
    client = running.client;
  });
  after(async () => {
    await running.close();
    await db.$disconnect();
  });

  let count = 0;
  const signUp = async () => {
    const user = { username: `user${++count}`, email: `user${count}@example.com`, password: PASSWORD };
    const { id } = (await client.post('/api/users/signup', user)).body;
    return { ...user, id };
  };
  const tokenIn = (answer: { headers: Headers }): string =>
    /^jwt=([^;]*);/.exec(answer.headers.get('set-cookie') ?? '')?.[1] ?? '';
  const signIn = async (user: { email: string }, password = PASSWORD): Promise<Client> => {
    const answer = await client.post('/api/users/signin', { email: user.email, password });
    expect(answer.status).to.equal(200);
    return client.with({ Cookie: `jwt=${tokenIn(answer)}` });
  };
  const me = async (session: Client): Promise<number> => (await session.get('/api/users/me')).status;
  const change = (session: Client, body: unknown) =>
    session.send('PUT', '/api/users/me/password', JSON.stringify(body), {
      'Content-Type': 'application/json',
    });
  const everywhere = (session: Client) => session.send('DELETE', '/api/users/me/sessions');

  it('happens when the password is changed, except for the session that changed it', async () => {
    const user = await signUp();
    const [here, there] = [await signIn(user), await signIn(user)];
    const answer = await change(here, { currentPassword: PASSWORD, newPassword: NEW });
    expect([answer.status, answer.body]).to.deep.equal([200, { id: user.id, username: user.username }]);
    const next = client.with({ Cookie: `jwt=${tokenIn(answer)}` });
    expect(await Promise.all([here, there, next].map(me))).to.deep.equal([401, 401, 200]);
    expect((await client.post('/api/users/signin', user)).status).to.equal(401);
    expect(await me(await signIn(user, NEW))).to.equal(200);
    // A renewed token keeps its generation.
    const renewed = await next.send('POST', '/api/users/refresh');
    expect(await me(client.with({ Cookie: `jwt=${tokenIn(renewed)}` }))).to.equal(200);
    await everywhere(next);
    expect(await me(client.with({ Cookie: `jwt=${tokenIn(renewed)}` }))).to.equal(401);
  });

  it('leaves everything unchanged when the change is refused', async () => {
    const user = await signUp();
    const session = await signIn(user);
    for (const [body, status, error] of [
      [{ currentPassword: 'wrong', newPassword: NEW }, 403, 'the current password is wrong'],
      [
        { currentPassword: PASSWORD, newPassword: 'short' },
        400,
        'newPassword must be at least 6 characters long',
      ],
      [
        { currentPassword: PASSWORD, newPassword: 'Password' },
        400,
        'newPassword is one of the 10,000 most common passwords',
      ],
      [
        { currentPassword: PASSWORD, newPassword: user.email },
        400,
        'newPassword must not be the user name or the e-mail address',
      ],
      [
        { currentPassword: PASSWORD, newPassword: 'x'.repeat(73) },
        400,
        'newPassword must be at most 72 bytes of valid text',
      ],
      [{ newPassword: NEW }, 400, 'currentPassword is required'],
      [{ currentPassword: PASSWORD }, 400, 'newPassword is required'],
    ] as const) {
      const answer = await change(session, body);
      expect([answer.status, answer.body.error], JSON.stringify(body)).to.deep.equal([status, error]);
      expect(answer.headers.get('set-cookie')).to.equal(null);
    }
    expect(await me(session)).to.equal(200);
    expect(await me(await signIn(user))).to.equal(200);
    expect((await change(client, { currentPassword: PASSWORD, newPassword: NEW })).status).to.equal(401);
  });

  it('lets one of two changes at once succeed', async () => {
    const user = await signUp();
    const session = await signIn(user);
    const passwords = ['first choice', 'second choice'];
    const answers = await Promise.all(
      passwords.map((newPassword) => change(session, { currentPassword: PASSWORD, newPassword })),
    );
    const succeeded = answers.findIndex(({ status }) => status === 200);
    expect(answers.filter(({ status }) => status === 200)).to.have.length(1);
    expect(await me(await signIn(user, passwords[succeeded]))).to.equal(200);
  });

  it('limits wrong passwords like failed sign-ins', async () => {
    const strict = await startApi(db, { SIGNIN_FAILURES_PER_ACCOUNT: '2' });
    try {
      const { id, username } = await signUp();
      const session = strict.client.as({ id, username });
      const statuses: number[] = [];
      for (let attempt = 0; attempt < 4; attempt++) {
        statuses.push((await change(session, { currentPassword: 'wrong', newPassword: NEW })).status);
      }
      expect(statuses).to.deep.equal([403, 403, 429, 429]);
    } finally {
      await strict.close();
    }
  });

  it('is possible without a change of the password, and ends the current session as well', async () => {
    const user = await signUp();
    const other = await signIn(await signUp());
    const [here, there] = [await signIn(user), await signIn(user)];
    const answer = await everywhere(here);
    expect([answer.status, tokenIn(answer)]).to.deep.equal([204, '']);
    expect(await Promise.all([here, there, other].map(me))).to.deep.equal([401, 401, 200]);
    expect(await me(await signIn(user))).to.equal(200);
    expect((await everywhere(here)).status).to.equal(401);
  });

  it('ends tokens that were signed before tokens had generations', async () => {
    const user = await signUp();
    const session = await signIn(user);
    const old = client.as({ id: user.id, username: user.username });
    expect(await me(old)).to.equal(200);
    await everywhere(session);
    expect(await me(old)).to.equal(401);
  });

  it('outlives a loss of the access list', async () => {
    const user = await signUp();
    const session = await signIn(user);
    await everywhere(session);
    const access = new MemoryAccessList();
    const restarted = await startApi(db, {}, { access });
    try {
      await restarted.mirrored();
      const token = new Tokens(SECRET).sign({ id: user.id, username: user.username }, 0);
      expect((await restarted.client.with({ Cookie: `jwt=${token}` }).get('/api/rooms')).status).to.equal(
        401,
      );
    } finally {
      await restarted.close();
    }
  });

  it('succeeds for a user without an account, and ends nothing', async () => {
    const stranger = client.as({ id: 987_654, username: 'stranger' });
    expect((await everywhere(stranger)).status).to.equal(404);
    expect((await change(stranger, { currentPassword: 'x', newPassword: NEW })).status).to.equal(404);
  });
});

describe('the age of a session', function () {
  this.timeout(60_000);

  it('ends it however often its token is renewed', () => {
    const day = 86_400;
    const tokens = new Tokens(SECRET, 3_600, [], 30 * day);
    const check = tokens.verify(tokens.sign({ id: 1, username: 'ann' }));
    if (!check.ok) throw new Error('not valid');
    const started = Date.now() - (30 * day - 60) * 1_000;
    const renewed = tokens.renew({ ...check.token, startedAt: started });
    expect(renewed.expiresAt).to.be.closeTo(started + 30 * day * 1_000, 1_000);
    const later = tokens.renew({ ...check.token, startedAt: started - 61_000 });
    expect(tokens.verify(later.text)).to.deep.equal({ ok: false, reason: 'expired' });
  });
});
