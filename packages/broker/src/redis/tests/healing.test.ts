import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalServer, startRedis } from '@chorus/local';
import { redisAt } from '@chorus/redis/testing';
import { closeAfterEach, ensureTestRedis, silentLog, until } from '@chorus/testing';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { openFeeds } from '../../testing/feeds.js';
import { someRoom } from '../../testing/recorder.js';
import { makeRedisFixture, testOptions } from '../../testing/redis-fixture.js';
import { TestRoomArchive } from '../../testing/room-archive.js';

const ROOMS = 2_000;
/** Rooms in which messages were published during the outage. */
const MISSED = 200;
const AT_ONCE = 250;

describe('a node with thousands of rooms', function () {
  this.timeout(60_000);
  const closer = closeAfterEach();

  before(ensureTestRedis);

  const inSteps = async (
    rooms: readonly number[],
    work: (roomId: number) => Promise<unknown>,
  ): Promise<void> => {
    for (let at = 0; at < rooms.length; at += AT_ONCE) {
      await Promise.all(rooms.slice(at, at + AT_ONCE).map(work));
    }
  };

  it('has repaired all of them soon after Redis is back', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'chorus-test-'));
    closer().defer(() => rm(dir, { recursive: true, force: true }));
    let server: LocalServer = closer().add(await startRedis({ dir }));
    const redis = redisAt(server.url);
    const fixture = closer().add(await makeRedisFixture(testOptions(redis)));
    const directory = fixture.directory();
    await directory.markComplete();
    const rooms = Array.from({ length: ROOMS }, someRoom);
    await inSteps(rooms, (roomId) => directory.ensure(roomId, 0));
    const archive = new TestRoomArchive();
    for (const roomId of rooms) archive.add(roomId);
    closer().add(archive.lookAfter(directory));
    const { feeds, broker, heard } = await openFeeds(() => fixture.connect(), {
      log: silentLog,
    });
    closer().add(feeds);
    await inSteps(rooms, (roomId) => feeds.acquire(roomId));
    const speaker = await openFeeds(() => fixture.connect(), { log: silentLog });
    closer().add(speaker.feeds);

    server.kill('SIGKILL');
    await server.exited;
    await until('the loss', () => !broker.connected);
    server = closer().add(await startRedis({ dir, port: server.port }));
    await until('a publish', () =>
      speaker.broker.publish(rooms[0] ?? 0, '"a":1}').then(
        () => true,
        () => false,
      ),
    );
    await Promise.all(rooms.slice(1, MISSED).map((roomId) => speaker.broker.publish(roomId, '"a":1}')));
    await heard.until('what was missed', () => heard.messages.length === MISSED);
    await until('the end of all checks', () => broker.connected && feeds.stats.behind === 0);

    const admin = new Redis(server.url);
    closer().defer(() => admin.disconnect());
    const channels = (await admin.pubsub('CHANNELS', '*:room:*')) as string[];
    expect(channels).to.have.length(ROOMS);
    const [, commands] = /cmdstat_subscribe:calls=(\d+)/.exec(await admin.info('commandstats')) ?? [];
    // 500 channels in each command, and those of the other node.
    expect(Number(commands)).to.be.within(4, 9);
  });
});
