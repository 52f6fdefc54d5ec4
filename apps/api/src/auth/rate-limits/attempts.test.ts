import type { Database } from '@chorus/database';
import { type Answer, eventually } from '@chorus/testing';
import { expect } from 'chai';
import { type Client, openDatabase, type RunningApi, startApi } from '../../testing/api.js';

const SIGN_UP = '/api/users/signup';
const SIGN_IN = '/api/users/signin';

describe('limits on attempts', function () {
  this.timeout(60_000);
  let db: Database;
  let running: RunningApi;
  before(async () => {
    db = (await openDatabase()).db;
  });
  afterEach(() => running.close());
  after(() => db.$disconnect());

  let count = 0;
  const uniqueUser = () => {
    count++;
    return { username: `user${count}`, email: `user${count}@example.com`, password: 'rahasia' };
  };
  const refused = (answer: Answer): void => {
    expect([answer.status, answer.body]).to.deep.equal([
      429,
      { error: 'too many attempts, try again later' },
    ]);
    expect(Number(answer.headers.get('retry-after'))).to.be.within(1, 900);
  };
  /** An API with small limits that believes the client addresses of one proxy. */
  const start = async (env: Record<string, string>) => {
    running = await startApi(db, { TRUST_PROXY: '1', ...env });
    return (address: string): Client => running.client.with({ 'X-Forwarded-For': address });
  };

  it('refuse sign-ins to an account after too many failures, from any address', async () => {
    const from = await start({ SIGNIN_FAILURES_PER_ACCOUNT: '3' });
    const user = uniqueUser();
    await from('192.0.2.1').post(SIGN_UP, user);
    for (let i = 1; i <= 3; i++) {
      const answer = await from(`192.0.2.${i}`).post(SIGN_IN, { ...user, password: 'wrong' });
      expect(answer.status).to.equal(401);
    }
    refused(await from('192.0.2.4').post(SIGN_IN, { ...user, password: 'wrong' }));
    refused(await from('192.0.2.5').post(SIGN_IN, user));
    refused(await from('192.0.2.6').post(SIGN_IN, { ...user, email: user.email.toUpperCase() }));
    const other = uniqueUser();
    await from('192.0.2.1').post(SIGN_UP, other);
    expect((await from('192.0.2.1').post(SIGN_IN, other)).status).to.equal(200);
  });

  it('apply to accounts that do not exist as well', async () => {
    const from = await start({ SIGNIN_FAILURES_PER_ACCOUNT: '2' });
    const unknownUser = uniqueUser();
    for (let i = 0; i < 2; i++)
      expect((await from('192.0.2.1').post(SIGN_IN, unknownUser)).status).to.equal(401);
    refused(await from('192.0.2.1').post(SIGN_IN, unknownUser));
  });

  it('do not count successful sign-ins against the account', async () => {
    const from = await start({ SIGNIN_FAILURES_PER_ACCOUNT: '2' });
    const user = uniqueUser();
    await from('192.0.2.1').post(SIGN_UP, user);
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => from('192.0.2.1').post(SIGN_IN, user)),
    );
    expect(answers.map((answer) => answer.status)).to.deep.equal(Array(10).fill(200));
  });

  it('admit no more guesses when they are sent at once', async () => {
    const from = await start({ SIGNIN_FAILURES_PER_ACCOUNT: '3', BCRYPT_CONCURRENCY: '2' });
    const user = uniqueUser();
    await from('192.0.2.1').post(SIGN_UP, user);
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        from('192.0.2.1').post(SIGN_IN, { ...user, password: `guess${i}` }),
      ),
    );
    const statuses = answers.map((answer) => answer.status);
    // The two comparisons that ran while the third failure was counted may exceed the limit.
    expect(statuses.filter((status) => status === 401).length).to.be.within(3, 4);
    expect(statuses.filter((status) => status === 429).length).to.be.within(26, 27);
  });

  it('refuse sign-ins from an address after too many, for any account', async () => {
    const from = await start({ SIGNIN_ATTEMPTS_PER_ADDRESS: '3' });
    for (let i = 0; i < 3; i++)
      expect((await from('192.0.2.1').post(SIGN_IN, uniqueUser())).status).to.equal(401);
    refused(await from('192.0.2.1').post(SIGN_IN, uniqueUser()));
    expect((await from('192.0.2.2').post(SIGN_IN, uniqueUser())).status).to.equal(401);
  });

  it('treat one IPv6 subnet as one address', async () => {
    const from = await start({ SIGNIN_ATTEMPTS_PER_ADDRESS: '2' });
    await from('2001:db8:1:2::1').post(SIGN_IN, uniqueUser());
    await from('2001:db8:1:2::2').post(SIGN_IN, uniqueUser());
    refused(await from('2001:db8:1:2:9:9:9:9').post(SIGN_IN, uniqueUser()));
  });

  it('refuse sign-ups from an address, and with an e-mail address, after too many', async () => {
    const from = await start({
      SIGNUP_ATTEMPTS_PER_ADDRESS: '2',
      SIGNUP_ATTEMPTS_PER_ACCOUNT: '3',
    });
    for (let i = 0; i < 2; i++)
      expect((await from('192.0.2.1').post(SIGN_UP, uniqueUser())).status).to.equal(200);
    refused(await from('192.0.2.1').post(SIGN_UP, uniqueUser()));
    const user = uniqueUser();
    for (const [address, status] of [
      ['192.0.2.2', 200],
      ['192.0.2.3', 409],
      ['192.0.2.4', 409],
    ] as const) {
      expect((await from(address).post(SIGN_UP, user)).status).to.equal(status);
    }
    refused(await from('192.0.2.5').post(SIGN_UP, user));
  });

  it('end after the window', async () => {
    const from = await start({
      SIGNIN_ATTEMPTS_PER_ADDRESS: '1',
      RATE_LIMIT_WINDOW_SECONDS: '1',
    });
    const attempt = (): Promise<Answer> => from('192.0.2.1').post(SIGN_IN, uniqueUser());
    // On a slow machine, the window can end between two attempts.
    const refusal = await eventually(async () => {
      const answer = await attempt();
      expect(answer.status).to.equal(429);
      return answer;
    });
    expect(refusal.headers.get('retry-after')).to.equal('1');
    await eventually(async () => expect((await attempt()).status).to.equal(401));
  });

  it('cannot be escaped by sending X-Forwarded-For to an API without proxies', async () => {
    running = await startApi(db, { SIGNIN_ATTEMPTS_PER_ADDRESS: '1' });
    const from = (address: string): Client => running.client.with({ 'X-Forwarded-For': address });
    await from('192.0.2.1').post(SIGN_IN, uniqueUser());
    refused(await from('192.0.2.2').post(SIGN_IN, uniqueUser()));
  });

  it('cannot be escaped by prepending addresses to what the proxy reports', async () => {
    const from = await start({ SIGNIN_ATTEMPTS_PER_ADDRESS: '1' });
    await from('198.51.100.1, 192.0.2.1').post(SIGN_IN, uniqueUser());
    refused(await from('198.51.100.2, 192.0.2.1').post(SIGN_IN, uniqueUser()));
  });
});

describe('many sign-ins at once', function () {
  this.timeout(60_000);
  let db: Database;
  let running: RunningApi;
  before(async () => {
    db = (await openDatabase()).db;
  });
  afterEach(() => running.close());
  after(() => db.$disconnect());

  it('are refused with 503 once the queue is full, and the queued ones succeed', async () => {
    running = await startApi(db, { BCRYPT_COST: '10', BCRYPT_CONCURRENCY: '1', BCRYPT_QUEUE: '3' });
    const user = { username: 'ann', email: 'ann@example.com', password: 'rahasia' };
    await running.client.post(SIGN_UP, user);
    const answers = await Promise.all(Array.from({ length: 20 }, () => running.client.post(SIGN_IN, user)));
    const busy = answers.filter((answer) => answer.status === 503);
    const served = answers.filter((answer) => answer.status === 200);
    expect(served.length).to.be.at.least(4);
    expect(busy.length + served.length).to.equal(20);
    expect(busy[0]?.body).to.deep.equal({ error: 'temporarily unavailable, try again' });
    expect(busy[0]?.headers.get('retry-after')).to.equal('5');
    expect((await running.client.post(SIGN_IN, user)).status).to.equal(200);
  });

  it('do not delay the other routes', async () => {
    running = await startApi(db, { BCRYPT_COST: '10' });
    const user = { username: 'bob', email: 'bob@example.com', password: 'rahasia' };
    await running.client.post(SIGN_UP, user);
    let waiting = 20;
    const burst = Array.from({ length: waiting }, async () => {
      const answer = await running.client.post(SIGN_IN, user);
      waiting--;
      return answer.status;
    });
    const reader = running.client.as({ id: 1, username: 'bob' });
    let answered = 0;
    while (waiting > 3) {
      expect((await reader.get('/ws/get-rooms')).status).to.equal(200);
      answered++;
    }
    // A reader that waits among the hashes would get one response per hash.
    expect(answered).to.be.greaterThan(40);
    expect(new Set(await Promise.all(burst))).to.deep.equal(new Set([200]));
  });
});
