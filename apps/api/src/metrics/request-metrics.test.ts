import { once } from 'node:events';
import { connect } from 'node:net';
import type { Database } from '@chorus/database';
import { Metrics } from '@chorus/service';
import { until } from '@chorus/testing';
import { expect } from 'chai';
import { type Client, openDatabase, type RunningApi, startApi } from '../testing/api.js';

describe('the metrics of requests', function () {
  this.timeout(60_000);
  let db: Database;
  let running: RunningApi;
  let metrics: Metrics;
  let client: Client;

  before(async () => {
    db = (await openDatabase()).db;
    await db.user.create({
      data: { username: 'ann', email: 'a@x.de', emailKey: 'a@x.de', passwordHash: '-' },
    });
  });
  beforeEach(async () => {
    metrics = new Metrics();
    // Hashes one password at a time, slowly, with one place in the queue.
    const env = { BCRYPT_CONCURRENCY: '1', BCRYPT_QUEUE: '1', BCRYPT_COST: '12' };
    running = await startApi(db, env, { metrics });
    client = running.client;
  });
  afterEach(() => running.close());
  after(() => db.$disconnect());

  /** Returns every value by its name with labels, without buckets. */
  const values = async (start: string): Promise<Record<string, number>> =>
    Object.fromEntries(
      (await metrics.text())
        .split('\n')
        .filter((line) => line.startsWith(start) && !line.includes('_bucket'))
        .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
    );
  const requests = () => values('chorus_api_requests_total');
  const name = (method: string, route: string, status: number): string =>
    `chorus_api_requests_total{method="${method}",route="${route}",status="${status}"}`;

  it("are counted by the route's pattern and the status", async () => {
    const ann = client.as({ id: 1, username: 'ann' });
    await ann.post('/api/rooms', { id: 1, name: 'one' });
    await ann.get('/api/rooms/1');
    await ann.get('/api/rooms/1?userId=1');
    await ann.get('/api/rooms/2');
    await ann.get('/api/rooms/x');
    await client.get('/api/rooms/1');
    await fetch(`${client.url}/livez`, { method: 'HEAD' });
    expect(await requests()).to.deep.equal({
      [name('POST', '/api/rooms', 201)]: 1,
      [name('GET', '/api/rooms/:roomId', 200)]: 2,
      [name('GET', '/api/rooms/:roomId', 404)]: 1,
      [name('GET', '/api/rooms/:roomId', 400)]: 1,
      [name('GET', '/api/rooms/:roomId', 401)]: 1,
      [name('HEAD', '/livez', 200)]: 1,
    });
    const taken = 'chorus_api_request_seconds_count{method="GET",route="/api/rooms/:roomId"}';
    expect((await values('chorus_api_request_seconds'))[taken]).to.equal(5);
    const sum = taken.replace('_count', '_sum');
    expect((await values('chorus_api_request_seconds'))[sum]).to.be.above(0.000_1);
  });

  it('have few labels, whatever paths and methods clients invent', async () => {
    for (let n = 0; n < 1_000; n += 20) {
      await Promise.all(
        Array.from({ length: 20 }, (_, index) => client.get(`/made/up/${n + index}?${'x'.repeat(n)}`)),
      );
    }
    for (const method of ['PROPFIND', 'SEARCH', 'LOCK', 'PURGE', 'M-SEARCH', 'REPORT']) {
      await client.send(method, `/${method}`);
    }
    for (const path of ['/%zz', '/livez/', '//livez', '/LIVEZ', '/api/rooms/%2e%2e/x'])
      await client.get(path);
    await client.send('DELETE', '/livez');
    const counted = await requests();
    expect(counted[name('GET', 'unmatched', 404)]).to.be.within(1_000, 1_005);
    expect(counted[name('other', 'unmatched', 501)]).to.equal(6);
    expect(counted[name('DELETE', 'unmatched', 405)]).to.equal(1);
    expect(Object.keys(counted).length).to.be.lessThan(10);
  });

  it('include unreadable requests', async () => {
    const answer = async (text: string): Promise<string> => {
      const socket = connect(running.api.port, '127.0.0.1');
      socket.end(text);
      let read = '';
      socket.on('data', (chunk) => {
        read += chunk;
      });
      await once(socket, 'close');
      return read;
    };
    expect(await answer(`GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`)).to.match(
      /^HTTP\/1.1 431/,
    );
    expect(await answer('NONSENSE\r\n\r\n')).to.match(/^HTTP\/1.1 400/);
    expect(await answer('GET / HTTP/1.1\r\nHost: x\r\nExpect: cake\r\nConnection: close\r\n\r\n')).to.match(
      / 417 /,
    );
    expect(await requests()).to.deep.equal({
      [name('other', 'unmatched', 431)]: 1,
      [name('other', 'unmatched', 400)]: 1,
      [name('other', 'unmatched', 417)]: 1,
    });
  });

  it('count the passwords that are compared, waiting and refused', async () => {
    const passwords = async (): Promise<number[]> =>
      Object.values(await values('chorus_api_password_hashes'));
    // No account has this address; comparing takes as long as for a wrong password.
    expect(await passwords()).to.deep.equal([0, 0, 0]);
    const signIn = () =>
      client.post('/api/users/signin', { email: 'nobody@x.de', password: 'as slow as a real one' });
    const first = [signIn(), signIn()];
    await until(async () => (await passwords()).join() === '1,1,0');
    expect((await signIn()).status).to.equal(503);
    expect(await passwords()).to.deep.equal([1, 1, 1]);
    expect((await Promise.all(first)).map(({ status }) => status)).to.deep.equal([401, 401]);
    expect(await passwords()).to.deep.equal([0, 0, 1]);
    const counted = await requests();
    expect(counted[name('POST', '/api/users/signin', 503)]).to.equal(1);
    expect(counted[name('POST', '/api/users/signin', 401)]).to.equal(2);
  });
});
