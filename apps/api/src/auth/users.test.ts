import { Tokens } from '@chorus/auth';
import type { Database } from '@chorus/database';
import { expect } from 'chai';
import { type Client, newUser, openDatabase, type RunningApi, SECRET, startApi } from '../testing/api.js';
import { Passwords } from './passwords/passwords.js';
import { UserRepository } from './user-repository.js';

const SIGN_UP = '/api/users/signup';
const SIGN_IN = '/api/users/signin';

describe('the user routes', function () {
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

  describe('signing up', () => {
    it('answers with the id, the user name and the e-mail address only', async () => {
      const answer = await client.post(SIGN_UP, {
        username: 'Ann',
        email: 'Ann@Example.com',
        password: 'rahasia',
      });
      expect(answer.status).to.equal(200);
      expect(answer.body).to.deep.equal({ id: 1, username: 'Ann', email: 'Ann@Example.com' });
    });

    it('stores a hash and not the password', async () => {
      const user = newUser({ password: 'open sesame' });
      await client.post(SIGN_UP, user);
      const row = await db.user.findUnique({ where: { username: user.username } });
      expect(row?.passwordHash).to.match(/^\$2b\$04\$/);
    });

    it('refuses a user name or e-mail address that is taken, and names the field', async () => {
      const user = newUser();
      await client.post(SIGN_UP, user);
      const sameName = await client.post(SIGN_UP, newUser({ username: user.username }));
      expect([sameName.status, sameName.body]).to.deep.equal([409, { error: 'username already exists' }]);
      const sameEmail = await client.post(SIGN_UP, newUser({ email: user.email.toUpperCase() }));
      expect([sameEmail.status, sameEmail.body]).to.deep.equal([409, { error: 'email already exists' }]);
    });

    for (const [title, username] of [
      ['spaces', ' Clara '],
      ['case', 'CLARA'],
      ['fullwidth letters', '\uff23\uff4c\uff41\uff52\uff41'],
      ['Cyrillic letters', '\u0421l\u0430r\u0430'],
      ['a capital I for an l', 'CIara'],
      ['mathematical letters', '\u{1d436}\u{1d459}\u{1d44e}\u{1d45f}\u{1d44e}'],
    ] as const) {
      it(`refuses a user name that differs from another in ${title}`, async () => {
        await client.post(SIGN_UP, newUser({ username: 'Clara' }));
        const answer = await client.post(SIGN_UP, newUser({ username }));
        expect([answer.status, answer.body]).to.deep.equal([409, { error: 'username already exists' }]);
      });
    }

    it('admits one of several racing sign-ups with names that look alike', async () => {
      const names = ['racer', 'RACER', 'r\u0430cer', '\u0433acer', 'Rac\u0435r', 'racer '];
      const answers = await Promise.all(names.map((username) => client.post(SIGN_UP, newUser({ username }))));
      expect(answers.map(({ status }) => status).sort()).to.deep.equal([200, 409, 409, 409, 409, 409]);
    });

    it('returns and stores a name without spaces at its ends, in NFKC', async () => {
      const answer = await client.post(SIGN_UP, newUser({ username: '\u3000Rene\u0301\u00a0' }));
      expect([answer.status, answer.body.username]).to.deep.equal([200, 'Ren\u00e9']);
      expect(await db.user.findUnique({ where: { username: 'Ren\u00e9' } })).not.to.equal(null);
    });

    it('keeps names valid that are older than the comparison by looks', async () => {
      const old = { passwordHash: await new Passwords(4).hash('open sesame') };
      await db.user.createMany({
        data: [
          { ...old, username: 'Dora', email: 'dora@example.com', emailKey: 'dora@example.com' },
          { ...old, username: 'd\u043era', email: 'dora2@example.com', emailKey: 'dora2@example.com' },
        ],
      });
      const users = new UserRepository(db);
      expect(await users.foldNames(1)).to.equal(1);
      expect(await users.foldNames(500)).to.be.at.least(1);
      expect(await users.foldNames(500)).to.equal(0);
      for (const email of ['dora@example.com', 'dora2@example.com']) {
        expect((await client.post(SIGN_IN, { email, password: 'open sesame' })).status).to.equal(200);
      }
      const answer = await client.post(SIGN_UP, newUser({ username: 'DORA' }));
      expect([answer.status, answer.body]).to.deep.equal([409, { error: 'username already exists' }]);
    });

    it('ignores unknown fields', async () => {
      const answer = await client.post(SIGN_UP, newUser({ id: 5, admin: true, passwordHash: 'x' }));
      expect(answer.status).to.equal(200);
      expect(answer.body).to.have.keys('id', 'username', 'email');
      expect(answer.body.id).not.to.equal(5);
    });

    const invalid: Array<[string, object, string]> = [
      ['no user name', { username: undefined }, 'username is required'],
      ['a number', { username: 5 }, 'username must be a string'],
      ['null', { email: null }, 'email must be a string'],
      ['an array', { password: ['1234567'] }, 'password must be a string'],
      ['an object', { password: { $ne: '' } }, 'password must be a string'],
      ['an empty user name', { username: '' }, 'username must be 1 to 64 characters long'],
      ['a blank user name', { username: ' \u3000' }, 'username must not be blank'],
      ['a long user name', { username: 'u'.repeat(65) }, 'username must be 1 to 64 characters long'],
      ['NUL in a user name', { username: 'a\0b' }, 'username must not contain control characters'],
      ['a line break in a user name', { username: 'a\r\nb' }, 'username must not contain control characters'],
      ['half a character', { username: 'a\ud83d' }, 'username must not contain control characters'],
      ['no e-mail address', { email: 'somebody' }, 'email must be an e-mail address'],
      ['a line break in an e-mail address', { email: 'a@b.example\n' }, 'email must be an e-mail address'],
      [
        'a long e-mail address',
        { email: `${'e'.repeat(250)}@x.de` },
        'email must be at most 254 characters long',
      ],
      ['a short password', { password: 'q7!xa' }, 'password must be at least 6 characters long'],
      ['no password', { password: '' }, 'password must be at most 72 bytes of valid text'],
      ['a common password', { password: 'Password' }, 'password is one of the 10,000 most common passwords'],
      ['a long password', { password: 'x'.repeat(73) }, 'password must be at most 72 bytes of valid text'],
      [
        'a password long in bytes',
        { password: 'ü'.repeat(37) },
        'password must be at most 72 bytes of valid text',
      ],
      ['NUL in a password', { password: '123456\0' }, 'password must be at most 72 bytes of valid text'],
    ];
    for (const [what, change, error] of invalid) {
      it(`refuses ${what}`, async () => {
        const answer = await client.post(SIGN_UP, newUser(change));
        expect([answer.status, answer.body]).to.deep.equal([400, { error }]);
      });
    }

    it('accepts names of 64 characters of any kind, and passwords of 6 characters and of 72 bytes', async () => {
      for (const change of [
        { username: '🎈'.repeat(64) },
        { username: "Robert'); DROP TABLE users;--" },
        { username: '<b>&amp;"' },
        { password: 'q7!xab' },
        { password: 'rahasia' },
        { password: 'ü'.repeat(36) },
      ]) {
        const user = newUser(change);
        const answer = await client.post(SIGN_UP, user);
        expect(answer.body, JSON.stringify(change)).to.include({ username: user.username });
        expect((await client.post(SIGN_IN, user)).body).to.deep.equal({
          id: answer.body.id,
          username: user.username,
        });
      }
    });
  });

  describe('logging out', () => {
    it('clears the cookie, with and without a token', async () => {
      for (const sender of [
        client,
        client.as({ id: 1, username: 'Ann' }),
        client.with({ Cookie: 'jwt=broken' }),
      ]) {
        const answer = await sender.get('/api/users/logout');
        expect([answer.status, answer.body]).to.deep.equal([200, { message: 'logout successful' }]);
        expect(answer.headers.get('set-cookie')).to.equal('jwt=; HttpOnly; Path=/; Max-Age=0; SameSite=Lax');
      }
    });
  });

  describe('the account of the signed-in user', () => {
    it('is returned for the cookie and for a bearer token', async () => {
      const user = newUser();
      const { id } = (await client.post(SIGN_UP, user)).body;
      const token = new Tokens(SECRET).sign({ id, username: user.username });
      for (const headers of [{ Cookie: `jwt=${token}` }, { Authorization: `Bearer ${token}` }]) {
        const answer = await client.with(headers).get('/api/users/me');
        const shown = { displayName: null, avatarUrl: null };
        expect(answer.body).to.deep.equal({ id, username: user.username, email: user.email, ...shown });
      }
    });

    it('is refused without a valid token, with the reason', async () => {
      const ann = { id: 1, username: 'Ann' };
      const cases: Array<[Client, string]> = [
        [client, 'a token is required'],
        [client.as(ann, new Tokens(SECRET, -1)), 'the token has expired'],
        [client.as(ann, new Tokens('some other secret, also long enough')), 'the token is not valid'],
      ];
      for (const [sender, error] of cases) {
        const answer = await sender.get('/api/users/me');
        expect([answer.status, answer.body]).to.deep.equal([401, { error, code: 'unauthenticated' }]);
      }
      expect((await client.get('/api/users/me')).headers.get('www-authenticate')).to.equal('Bearer');
    });

    it('finds no account of a user whose token an application signed', async () => {
      const answer = await client.as({ id: 987654, username: 'gone' }).get('/api/users/me');
      expect([answer.status, answer.body]).to.deep.equal([
        404,
        { error: 'the user of the token has no account', code: 'account_not_found' },
      ]);
    });

    it('uses the first valid one of several cookies', async () => {
      const user = newUser();
      const { id } = (await client.post(SIGN_UP, user)).body;
      const good = new Tokens(SECRET).sign({ id, username: user.username });
      const expired = new Tokens(SECRET, -1).sign({ id, username: user.username });
      for (const cookies of [
        `jwt=stale; jwt=${good}`,
        `jwt=${expired}; a=b; jwt=${good}`,
        `jwt=; jwt=${good}; jwt=x`,
      ]) {
        expect((await client.with({ Cookie: cookies }).get('/api/users/me')).status, cookies).to.equal(200);
      }
      const none = await client.with({ Cookie: `jwt=${expired}; jwt=stale` }).get('/api/users/me');
      expect([none.status, none.body]).to.deep.equal([
        401,
        { error: 'the token has expired', code: 'unauthenticated' },
      ]);
    });
  });
});
