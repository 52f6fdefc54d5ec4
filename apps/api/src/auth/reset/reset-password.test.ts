import type { Database } from '@chorus/database';
import { UnavailableError } from '@chorus/redis';
import type { Answer } from '@chorus/testing';
import { expect } from 'chai';
import { type Client, newUser, openDatabase } from '../../testing/api.js';
import { type OperatorFixture, startOperatorApi } from '../../testing/operator.js';
import { resetTokenHash } from './password-resets.js';

const NEW = 'close sesame';

describe('a reset link', function () {
  this.timeout(60_000);
  let db: Database;
  let fixture: OperatorFixture;
  let client: Client;
  let operator: Client;
  const start = async (env: Record<string, string> = {}): Promise<void> => {
    fixture = await startOperatorApi(db, env);
    await fixture.running.mirrored();
    operator = fixture.operator;
    client = fixture.running.client;
  };
  before(async () => {
    db = (await openDatabase()).db;
    await start();
  });
  after(async () => {
    await fixture.running.close();
    await db.$disconnect();
  });

  const signUp = async () => {
    const account = newUser();
    const { id } = (await client.post('/api/users/signup', account)).body;
    return { ...account, id: id as number };
  };
  const signIn = (email: string, password: string): Promise<Answer> =>
    client.post('/api/users/signin', { email, password, returnToken: true });
  const makeLink = (id: number): Promise<Answer> => operator.post(`/users/${id}/reset-link`, {});
  const tokenFor = async (id: number): Promise<string> => (await makeLink(id)).body.token;
  const reset = (token: string, newPassword = NEW): Promise<Answer> =>
    client.post('/api/users/reset-password', { token, newPassword });
  const outcome = async (answer: Promise<Answer>): Promise<unknown[]> => {
    const { status, body } = await answer;
    return [status, body?.code];
  };
  const ENDED = [404, 'reset_not_found'];

  it('sets a password once, and ends all sessions', async () => {
    const { id, email, password } = await signUp();
    const { token: session } = (await signIn(email, password)).body;
    const made = await operator.send('POST', `/users/${id}/reset-link`);
    const { token, expiresAt } = made.body;
    expect([made.status, made.body]).to.deep.equal([
      201,
      { userId: id, token, path: `/api/reset-password#${token}`, expiresAt },
    ]);
    expect(token).to.match(/^[\w-]{43}$/);
    expect(Date.parse(expiresAt) - Date.now()).to.be.within(3_000_000, 3_660_000);
    const answer = await reset(token);
    expect([answer.status, answer.body, answer.headers.get('set-cookie')]).to.deep.equal([
      ...[204, '', null],
    ]);
    const me = client.with({ Authorization: `Bearer ${session}` }).get('/api/users/me');
    expect(await outcome(me)).to.deep.equal([401, 'unauthenticated']);
    expect((await signIn(email, password)).status).to.equal(401);
    expect((await signIn(email, NEW)).status).to.equal(200);
    expect(await outcome(reset(token, 'another one'))).to.deep.equal(ENDED);
    expect((await signIn(email, NEW)).status).to.equal(200);
    expect(fixture.logged()).to.deep.include({ action: 'create reset link', userId: id });
    expect(fixture.running.log.join('')).to.not.include(token).and.to.not.include(NEW);
  });

  it('is stored as a hash, until it has expired', async () => {
    const { id, email } = await signUp();
    const token = await tokenFor(id);
    const [row] = await db.passwordReset.findMany({ where: { userId: id } });
    expect(Buffer.from(row?.tokenHash ?? []).toString('base64url'))
      .to.have.length(43)
      .and.not.equal(token);
    await db.$executeRaw`UPDATE password_resets SET expires_at = now()`;
    expect(await outcome(reset(token))).to.deep.equal(ENDED);
    expect((await signIn(email, NEW)).status).to.equal(401);
    await makeLink((await signUp()).id);
    expect(await db.passwordReset.count({ where: { userId: id } })).to.equal(0);
  });

  it('stays valid while the new password is refused', async () => {
    const { id, email, username } = await signUp();
    const token = await tokenFor(id);
    for (const [body, code] of [
      [{ token, newPassword: 'short' }, 'password_too_short'],
      [{ token, newPassword: 'Password' }, 'password_too_common'],
      [{ token, newPassword: email }, 'password_is_name'],
      [{ token, newPassword: 'x'.repeat(73) }, 'invalid_field'],
      [{ token }, 'invalid_field'],
      [{ token: '', newPassword: NEW }, 'invalid_field'],
      [{ token: 'x'.repeat(129), newPassword: NEW }, 'invalid_field'],
      [{ newPassword: NEW }, 'invalid_field'],
      [{ token, newPassword: NEW, username }, 'unknown_field'],
    ] as const) {
      expect(await outcome(client.post('/api/users/reset-password', body)), code).to.deep.equal([400, code]);
    }
    for (const other of [`${token}x`, token.slice(1), '\0', '\ud800']) {
      expect(await outcome(reset(other)), other).to.deep.equal(ENDED);
    }
    expect((await reset(token)).status).to.equal(204);
  });

  it('lets one of two uses at once succeed, and ends the other links of the user alone', async () => {
    const [ann, ben] = [await signUp(), await signUp()];
    const [first, second, other] = [await tokenFor(ann.id), await tokenFor(ann.id), await tokenFor(ben.id)];
    const answers = await Promise.all(['first choice', 'second choice'].map((one) => reset(first, one)));
    expect(answers.map(({ status }) => status).sort()).to.deep.equal([204, 404]);
    const chosen = answers[0]?.status === 204 ? 'first choice' : 'second choice';
    expect((await signIn(ann.email, chosen)).status).to.equal(200);
    expect(await outcome(reset(second))).to.deep.equal(ENDED);
    expect((await reset(other)).status).to.equal(204);
  });

  it('ends when the user changes the password or is deleted', async () => {
    const [ann, ben] = [await signUp(), await signUp()];
    const tokens = [await tokenFor(ann.id), await tokenFor(ben.id)];
    const { token } = (await signIn(ann.email, ann.password)).body;
    const body = JSON.stringify({ currentPassword: ann.password, newPassword: 'my own choice' });
    const session = client.with({ Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' });
    expect((await session.send('PUT', '/api/users/me/password', body)).status).to.equal(200);
    expect((await operator.delete(`/users/${ben.id}`)).status).to.equal(204);
    for (const ended of tokens) expect(await outcome(reset(ended))).to.deep.equal(ENDED);
    expect((await signIn(ann.email, 'my own choice')).status).to.equal(200);
    // An API of an older version deletes a user and leaves the link.
    const left = { tokenHash: resetTokenHash('left over'), expiresAt: new Date(Date.now() + 600_000) };
    await db.passwordReset.create({ data: { ...left, userId: ben.id } });
    expect(await outcome(reset('left over'))).to.deep.equal(ENDED);
    expect(await outcome(makeLink(ben.id))).to.deep.equal([404, 'user_not_found']);
  });

  it('is for users with a password', async () => {
    const bot = (await operator.post('/users', { username: 'bot', kind: 'bot' })).body.id;
    const person = (await operator.post('/users', { username: 'from elsewhere' })).body.id;
    for (const id of [bot, person]) expect(await outcome(makeLink(id))).to.deep.equal([409, 'no_password']);
    expect(await outcome(makeLink(987_654))).to.deep.equal([404, 'user_not_found']);
    expect(await outcome(client.post('/users/1/reset-link', {}))).to.deep.equal([404, 'route_not_found']);
  });

  it('changes the password when Redis is away, and says that the sessions have not ended', async () => {
    const { id, email } = await signUp();
    const token = await tokenFor(id);
    const { access } = fixture.running;
    const revoke = access.revoke.bind(access);
    access.revoke = async () => {
      throw new UnavailableError('Redis is away');
    };
    try {
      expect(await outcome(reset(token))).to.deep.equal([503, 'unavailable']);
    } finally {
      access.revoke = revoke;
    }
    expect((await signIn(email, NEW)).status).to.equal(200);
  });

  it('leads to a page of its own files', async () => {
    const page = await client.get('/api/reset-password');
    expect([page.status, page.headers.get('content-type')]).to.deep.equal([200, 'text/html; charset=utf-8']);
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).to.include("script-src 'self'").and.to.include("require-trusted-types-for 'script'");
    expect(policy).to.not.match(/unsafe|https?:|\*/);
    const files = [...page.body.matchAll(/(?:src|href)="(reset-password[^"]+)"/g)].map(([, path]) => path);
    expect(files).to.have.length(2);
    for (const path of files) expect((await client.get(`/api/${path}`)).status, path).to.equal(200);
  });

  it('admits a user again who had tried too many passwords', async () => {
    await fixture.running.close();
    await start({ SIGNIN_FAILURES_PER_ACCOUNT: '2' });
    const { id, email, password } = await signUp();
    for (let attempt = 0; attempt < 2; attempt++) await signIn(email, 'wrong');
    expect((await signIn(email, password)).status).to.equal(429);
    expect((await reset(await tokenFor(id))).status).to.equal(204);
    expect((await signIn(email, NEW)).status).to.equal(200);
  });

  it('is of no use with AUTH_PASSWORDS=off', async () => {
    const { id } = await signUp();
    const token = await tokenFor(id);
    await fixture.running.close();
    const issuer = { issuer: 'https://id.example', audience: 'chorus', jwksUrl: 'https://id.example/jwks' };
    await start({ AUTH_PASSWORDS: 'off', AUTH_ISSUERS: JSON.stringify([issuer]) });
    for (const answer of [makeLink(id), reset(token)]) {
      expect(await outcome(answer)).to.deep.equal([403, 'passwords_disabled']);
    }
  });
});
