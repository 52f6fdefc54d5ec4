import { type LocalServer, startRedis } from '@chorus/local';
import { UnavailableError } from '@chorus/redis';
import { openRedisKeys, redisAt, type TestRedisKeys } from '@chorus/redis/testing';
import { ensureTestRedis, failure } from '@chorus/testing';
import { expect } from 'chai';
import { RedisAccessList } from './access-list.js';
import { RedisMembershipList } from './membership-list.js';

/** A port on which no server listens. */
const NOWHERE = 1;

describe('the members of rooms in a Redis that another one has replaced', function () {
  this.timeout(30_000);
  let server: LocalServer;
  let own: TestRedisKeys;

  before(ensureTestRedis);
  beforeEach(async () => {
    server = await startRedis();
    own = await openRedisKeys(redisAt(server.url));
  });
  afterEach(async () => {
    await own.close();
    await server.close();
  });

  it('count for nothing, although it has all that it had as the primary', async () => {
    const { redis, keyspace } = own;
    const access = new RedisAccessList(redis, keyspace);
    const memberships = new RedisMembershipList(redis, keyspace);
    await (await access.beginRestoration()).complete();
    await (await memberships.beginRestoration()).complete();
    await memberships.change([{ userId: 1, roomId: 7, membership: { role: 'member' } }]);
    const questions = [() => access.checkRooms([{ userId: 1, roomId: 7 }]), () => access.roomsOf(1)];
    const bans = await redis.keys('*:control:bans');
    const before = await redis.hgetall(bans[0] ?? '');
    for (const ask of questions) expect(await ask()).to.have.length(1);
    expect(await redis.hgetall(bans[0] ?? '')).to.deep.equal(before);
    await redis.call('REPLICAOF', '127.0.0.1', String(NOWHERE));
    for (const ask of questions) expect(await failure(ask())).to.be.instanceOf(UnavailableError);
  });
});
