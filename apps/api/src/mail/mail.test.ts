import type { Database } from '@chorus/database';
import { ConfigError } from '@chorus/service';
import { eventually } from '@chorus/testing';
import { expect } from 'chai';
import { loadApiConfig } from '../config.js';
import { type Client, newUser, openDatabase, type RunningApi, startApi } from '../testing/api.js';
import { type MailServer, startMailServer } from '../testing/mail-server.js';
import { MailQueue } from './mail-queue.js';

const FROM = 'Chat <chat@example.com>';
const settingsFor = (port: number): Record<string, string> => ({
  SMTP_URL: `smtp://127.0.0.1:${port}`,
  MAIL_FROM: FROM,
  PUBLIC_URL: 'https://chat.example/',
});

describe('mails for forgotten passwords', function () {
  this.timeout(60_000);
  let db: Database;
  let server: MailServer;
  let running: RunningApi;
  let client: Client;
  before(async () => {
    db = (await openDatabase()).db;
  });
  const start = async (env: Record<string, string> = {}): Promise<void> => {
    running = await startApi(db, { ...settingsFor(server.port), ...env });
    client = running.client;
  };
  beforeEach(async () => {
    await db.$executeRaw`TRUNCATE users, mails CASCADE`;
    server = await startMailServer();
  });
  afterEach(async () => {
    await running.close();
    await server.close();
  });
  after(() => db.$disconnect());

  const signUp = async () => {
    const account = newUser();
    expect((await client.post('/api/users/signup', account)).status).to.equal(200);
    return account;
  };
  const ask = async (email: string): Promise<number> =>
    (await client.post('/api/users/forgot-password', { email })).status;
  const received = (count: number): Promise<void> =>
    eventually(async () => {
      expect(server.mails).to.have.length(count);
      expect(await db.mail.count()).to.equal(0);
    });
  const hurry = () => db.$executeRaw`UPDATE mails SET next_attempt_at = now()`;

  it('have a link with which the user chooses a password', async () => {
    await start();
    const { username, email } = await signUp();
    expect(await ask(email.toUpperCase())).to.equal(202);
    await received(1);
    const { to, text } = server.mails[0] ?? { to: [], text: '' };
    expect(to).to.deep.equal([email]);
    expect(text)
      .to.match(/^From: Chat <chat@example\.com>\r$/m)
      .and.match(/^Subject: Choose a new password\r$/m);
    expect(text).to.not.include(`${username}\r`);
    const [, token = ''] = /https:\/\/chat\.example\/api\/reset-password#([\w-]{43})\r$/m.exec(text) ?? [];
    const body = { token, newPassword: 'close sesame' };
    expect((await client.post('/api/users/reset-password', body)).status).to.equal(204);
    const signIn = { email, password: 'close sesame' };
    expect((await client.post('/api/users/signin', signIn)).status).to.equal(200);
    expect(running.log.join('')).to.not.include(token).and.to.not.include(email);
  });

  it('go to accounts with a password only, and the answers do not differ', async () => {
    await start();
    const { email } = await signUp();
    await db.user.create({
      data: { username: 'elsewhere', email: 'e@example.com', emailKey: 'e@example.com' },
    });
    const answers = await Promise.all(
      [email, 'e@example.com', 'none@example.com'].map((one) =>
        client.post('/api/users/forgot-password', { email: one }),
      ),
    );
    for (const { status, body } of answers) {
      expect([status, Object.keys(body)]).to.deep.equal([202, ['email']]);
    }
    await received(1);
    for (const wrong of ['', 'ann', 'ann@example.com\r\nBcc: ben@example.com', 'a@b, c@d']) {
      expect(await ask(wrong), wrong).to.equal(400);
    }
  });

  it('are limited for each e-mail address, whether or not there is an account', async () => {
    await start({ MAILS_PER_ACCOUNT: '2', MAIL_REQUESTS_PER_ADDRESS: '7' });
    const { email } = await signUp();
    for (const one of [email, 'none@example.com']) {
      const statuses = [await ask(one), await ask(one.toUpperCase()), await ask(one)];
      expect(statuses).to.deep.equal([202, 202, 429]);
    }
    expect([await ask('other@example.com'), await ask('another@example.com')]).to.deep.equal([202, 429]);
    await received(2);
  });

  it('wait until a mail server that is away is back', async () => {
    await start();
    const { email } = await signUp();
    const { port } = server;
    await server.close();
    expect(await ask(email)).to.equal(202);
    await eventually(() => expect(running.log.join('')).to.include('mails are not sent'));
    server = await startMailServer({}, port);
    await received(1);
    await eventually(() => expect(running.log.join('')).to.include('mails are sent again'));
  });

  it('hold up neither requests nor the end of the API while the mail server does not answer', async () => {
    await server.close();
    server = await startMailServer({ onConnect: () => {} });
    await start();
    const { email } = await signUp();
    expect(await ask(email)).to.equal(202);
    await eventually(async () => expect((await db.mail.findFirst())?.attempts).to.equal(1));
    expect(await ask(email)).to.equal(202);
    await running.close();
    await server.close();
    // The claim of the API that has ended is over.
    server = await startMailServer();
    await start();
    await hurry();
    await received(2);
  });

  it('are given up when the recipient is refused for good, and repeated when it is refused for now', async () => {
    let refusals = 0;
    await server.close();
    server = await startMailServer({
      onRcptTo({ address }, _session, done) {
        const [, code] = /^refuse(\d+)@/.exec(address) ?? [];
        if (code === undefined || refusals++ > 1) return done();
        done(Object.assign(new Error(`refused: ${address}`), { responseCode: Number(code) }));
      },
    });
    await start();
    for (const email of ['refuse550@example.com', 'refuse451@example.com']) {
      await client.post('/api/users/signup', newUser({ email }));
      expect(await ask(email)).to.equal(202);
      await eventually(() => expect(running.log.join('')).to.match(/refused a recipient/));
    }
    await received(1);
    expect(server.mails[0]?.to).to.deep.equal(['refuse451@example.com']);
    expect(running.log.join('')).to.include('refused: …').and.to.not.include('refuse550@');
  });

  it('are sent by another API when one is killed, and by one of several', async () => {
    await start();
    const { email } = await signUp();
    const queue = new MailQueue(db);
    await queue.add(email);
    // Either the API that is killed has the mail, or this one was faster.
    await queue.claim(1);
    await hurry();
    const other = await startApi(db, settingsFor(server.port));
    try {
      await eventually(async () => expect(await db.mail.count()).to.equal(0));
      const before = server.mails.length;
      expect(before).to.be.within(1, 2);
      for (let count = 0; count < 3; count++) expect(await ask(email)).to.equal(202);
      await received(before + 3);
    } finally {
      await other.close();
    }
  });

  it('are given up after an hour', async () => {
    await start();
    const { email } = await signUp();
    await db.mail.create({
      data: { kind: 'reset-password', email, createdAt: new Date(Date.now() - 3_700_000) },
    });
    await received(0);
    expect(running.log.join('')).to.include('a mail was given up');
  });

  it('are refused without a mail server', async () => {
    running = await startApi(db);
    const { status, body } = await running.client.post('/api/users/forgot-password', {
      email: 'a@example.com',
    });
    expect([status, body.code]).to.deep.equal([403, 'mail_disabled']);
  });
});

describe('the settings of mails', () => {
  const load = (change: Record<string, string | undefined>) => () =>
    loadApiConfig({ JWT_SECRET: 'x'.repeat(32), ...settingsFor(25), ...change });

  for (const [change, text] of [
    [{ MAIL_FROM: undefined }, /^MAIL_FROM is not set: SMTP_URL needs it$/],
    [{ PUBLIC_URL: '' }, /^PUBLIC_URL is not set: SMTP_URL needs it/],
    [{ SMTP_URL: 'mail.example.com' }, /^SMTP_URL is not valid: it must be a URL/],
    [{ SMTP_URL: 'https://me:secret@mail.example.com' }, /^SMTP_URL is not valid: it must be a URL/],
    [{ MAIL_FROM: 'chat' }, /^MAIL_FROM="chat" is not valid/],
    [{ MAIL_FROM: 'a@example.com\nBcc: b@example.com' }, /^MAIL_FROM=.* is not valid/],
    [{ PUBLIC_URL: 'chat.example' }, /^PUBLIC_URL="chat.example" is not valid/],
  ] as const) {
    it(`are refused in one line: ${JSON.stringify(change)}`, () => {
      expect(load(change)).to.throw(ConfigError, text);
      expect(load(change)).to.not.throw(/secret/);
    });
  }
  it('are all or none', () => {
    expect(load({})().mail).to.deep.equal({
      smtpUrl: 'smtp://127.0.0.1:25',
      from: FROM,
      publicUrl: 'https://chat.example',
    });
    expect(load({ SMTP_URL: '' })().mail).to.equal(undefined);
  });
});
