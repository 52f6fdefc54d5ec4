import { expect } from 'chai';
import pg from 'pg';
import { failure } from '../failure.js';
import { testDatabase } from './database.js';
import { testRedis } from './redis.js';

describe('the servers of the tests', () => {
  let environment: NodeJS.ProcessEnv;

  beforeEach(() => {
    environment = { ...process.env };
  });
  afterEach(() => {
    process.env = environment;
  });

  const query = async (url: string, text: string): Promise<unknown> => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    return client.query(text).finally(() => client.end());
  };

  it('include one PostgreSQL, on which every suite has a database of its own', async function () {
    this.timeout(60_000);
    const [one, two] = await Promise.all([testDatabase(), testDatabase()]);
    expect(one).to.not.equal(two);
    expect(new URL(one).port).to.equal(new URL(two).port);
    await query(one, 'CREATE TABLE here (id int)');
    await query(two, 'CREATE TABLE here (id int)');
  });

  it('include the Redis of TEST_REDIS_URL if set', async () => {
    process.env.TEST_REDIS_URL = 'redis://127.0.0.1:1';
    process.env.PATH = '/nowhere';
    const { url, close } = await testRedis();
    await close();
    expect(url).to.equal('redis://127.0.0.1:1');
  });

  it('report what they need if there is neither a Redis nor apt-get', async () => {
    delete process.env.TEST_REDIS_URL;
    process.env.PATH = '/nowhere';
    expect(String(await failure(testRedis()))).to.match(
      /^StartError: the tests need Redis: .*TEST_REDIS_URL/,
    );
  });
});
