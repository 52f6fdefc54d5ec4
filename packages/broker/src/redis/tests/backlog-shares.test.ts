import { redisAt } from '@chorus/redis/testing';
import { closeAfterEach, DurableRedis, until } from '@chorus/testing';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { ArchiveFixture } from '../../testing/conformance/archive.js';
import { BusyUser, COST_OF_USER } from '../../testing/conformance/backlog-shares.js';
import { makeRedisFixture, testOptions } from '../../testing/redis-fixture.js';
import { TestRoomArchive } from '../../testing/room-archive.js';
import { BrokerKeys } from '../keys.js';

const BUDGET = 1_000;
const ROOMS = 8;

describe('shares of the backlog in a Redis', function () {
  this.timeout(30_000);
  const closer = closeAfterEach();
  let server: DurableRedis;
  let admin: Redis;
  let archive: ArchiveFixture;
  let rooms: TestRoomArchive;
  let senders: string;
  let ann: BusyUser;
  let bob: BusyUser;

  const open = async (id: number): Promise<BusyUser> => {
    const user = await BusyUser.open(archive, id, ROOMS);
    for (const { roomId } of user.rooms) rooms.add(roomId);
    return user;
  };
  /** Kills Redis, and starts it with its data or with those of a folder. */
  const restart = async (from?: string): Promise<void> => {
    await server.restart(from);
    await until('an answer', () =>
      archive.queue.backlog().then(
        () => archive.broker.connected,
        () => false,
      ),
    );
    await rooms.bringIn(archive.directory);
  };
  const storeAll = async (): Promise<void> => {
    for (const user of [ann, bob]) await user.store(0, ROOMS);
    expect((await archive.queue.backlog()).bytes).to.equal(0);
  };

  beforeEach(async () => {
    server = closer().add(await DurableRedis.start());
    const config = redisAt(server.url);
    const options = testOptions(config, BUDGET * COST_OF_USER);
    archive = closer().add(await ArchiveFixture.open(() => makeRedisFixture(options)));
    senders = new BrokerKeys(options.keyspace).senders(undefined);
    admin = new Redis(server.url);
    admin.on('error', () => undefined);
    closer().defer(() => admin.disconnect());
    rooms = new TestRoomArchive();
    [ann, bob] = [await open(1), await open(2)];
  });

  it('survive a restart, and leave nothing behind', async () => {
    expect(await ann.send(600)).to.equal(501);
    await restart();
    expect([await ann.send(1), await bob.send(400)]).to.deep.equal([0, 250]);
    await storeAll();
    expect(await admin.exists(senders)).to.equal(0);
    expect(await ann.send(600)).to.equal(501);
  });

  it('are those of the older data with which Redis returns', async () => {
    await ann.send(600);
    const older = await server.copy();
    const sent = ann.rooms.map(({ places }) => [...places]);
    await ann.store(0, ROOMS);
    await bob.send(400);
    await restart(older);
    for (const [at, { places }] of ann.rooms.entries()) places.push(...(sent[at] ?? []));
    for (const { places } of bob.rooms) places.length = 0;
    expect([await ann.send(1), await bob.send(400)]).to.deep.equal([0, 250]);
    await storeAll();
    expect(await admin.exists(senders)).to.equal(0);
  });

  it('are counted from zero after a wrong count, once less waits or nothing', async () => {
    await ann.send(300);
    await admin.hset(senders, '1', 1e9);
    expect(await ann.send(400)).to.equal(201);
    await storeAll();
    expect(await admin.exists(senders)).to.equal(1);
    expect([await bob.send(600), await ann.send(400)]).to.deep.equal([501, 250]);
    await storeAll();

    await ann.send(300);
    await admin.hset(senders, '1', 1e9);
    await storeAll();
    expect(await archive.queue.claim(10, 10, 1_000)).to.deep.equal([]);
    expect(await admin.exists(senders)).to.equal(0);
  });

  it('are not counted while little waits', async () => {
    await ann.send(126);
    expect(await admin.exists(senders)).to.equal(0);
    await ann.send(2);
    expect(await admin.hgetall(senders)).to.deep.equal({ 1: String(2 * COST_OF_USER) });
  });
});
