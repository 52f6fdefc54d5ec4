import { freePort, startRedis } from '@chorus/local';
import { UnavailableError } from '@chorus/redis';
import { redisAt } from '@chorus/redis/testing';
import { closeAfterEach, DurableRedis, failure, patiently, silentLog, until } from '@chorus/testing';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import type { Broker } from '../../broker.js';
import type { RoomFeedRegistry } from '../../feeds/room-feed-registry.js';
import { openFeeds } from '../../testing/feeds.js';
import { Recorder, someRoom } from '../../testing/recorder.js';
import { makeRedisFixture, type RedisFixture, testOptions } from '../../testing/redis-fixture.js';
import { TestRoomArchive } from '../../testing/room-archive.js';
import { Traffic } from '../../testing/traffic.js';
import { RedisBroker } from '../broker.js';

/** Command timeout, in milliseconds. */
const TIMEOUT_MS = patiently(800);

describe('a Redis outage', function () {
  this.timeout(20_000);
  const closer = closeAfterEach();
  let server: DurableRedis;
  let fixture: RedisFixture;
  let broker: Broker;
  let feeds: RoomFeedRegistry;
  let heard: Recorder;
  /** Rooms with traffic. */
  let rooms: number[];
  /** Room for single calls. */
  let spare: number;

  beforeEach(async () => {
    server = closer().add(await DurableRedis.start());
    const redis = redisAt(server.url, TIMEOUT_MS);
    fixture = closer().add(await makeRedisFixture(testOptions(redis)));
    rooms = [someRoom(), someRoom(), someRoom()];
    spare = someRoom();
    const archive = new TestRoomArchive();
    for (const roomId of [...rooms, spare]) {
      archive.add(roomId);
      await fixture.directory().ensure(roomId, 0);
    }
    closer().add(archive.lookAfter(fixture.directory()));
    const opened = await openFeeds(() => fixture.connect(), { log: silentLog });
    ({ broker, feeds, heard } = opened);
    closer().add(feeds);
    for (const roomId of [...rooms, spare]) await feeds.acquire(roomId);
  });

  /** Makes calls of every kind concurrently; each must be rejected. */
  const expectRefusal = async (): Promise<void> => {
    const directory = fixture.directory();
    const roomId = spare;
    const position = { epoch: 1, seq: 1 };
    const calls: Array<() => Promise<unknown>> = [
      () => broker.publish(roomId, '"a":1}'),
      () => broker.publishNotice(roomId, '{}'),
      () => broker.position(roomId, position),
      () => broker.standing(roomId),
      () => broker.between(roomId, position, position, 10),
      () => feeds.acquire(someRoom()),
      () => directory.begin([roomId]),
      () => directory.ensure(someRoom(), 0),
      () => directory.bringIn([{ id: someRoom(), generation: 1, last: position, lastSentAt: 0 }], 1),
      () => directory.wanted(),
      () => directory.announce({ type: 'room-deleted', roomId: someRoom() }),
      () => directory.pending(0, 10),
      () => directory.settle([{ roomId, since: 1 }]),
      () => directory.isComplete(),
      () => directory.markComplete(),
      () => directory.exclusively('work', 1_000, async () => undefined),
    ];
    const errors = await Promise.all(
      calls.flatMap((call) => Array.from({ length: 20 }, () => failure(call()))),
    );
    for (const error of errors) expect(error).to.be.instanceOf(UnavailableError);
  };

  /** Everything works again, and the failed calls have left nothing behind. */
  const expectHealed = async (): Promise<void> => {
    await until('a publish', () =>
      broker.publish(spare, '"a":1}').then(
        () => true,
        () => false,
      ),
    );
    const last = await broker.publish(spare, '"a":2}');
    await heard.until('the last message', () => heard.seqs(spare).includes(last.seq));
    expect(broker.connected).to.equal(true);
    expect(feeds.size).to.equal(rooms.length + 1);
    const admin = new Redis(server.url);
    closer().defer(() => admin.disconnect());
    await until('an end of all other subscriptions', async () => {
      const channels = (await admin.pubsub('CHANNELS', '*')) as string[];
      // The spare room's channel, the control channel and the probe's.
      return channels.length === rooms.length + 3;
    });
  };

  it('at the start is waited out, and the broker works when Redis is up', async () => {
    const port = await freePort();
    const redis = redisAt(`redis://127.0.0.1:${port}`, TIMEOUT_MS);
    const begun = performance.now();
    const options = { ...testOptions(redis), connectTimeoutMs: 500 };
    const recorder = new Recorder();
    const early = closer().add(await RedisBroker.connect(options));
    early.listen(recorder);
    expect(performance.now() - begun).to.be.at.least(450);
    expect(early.connected).to.equal(false);
    expect(early.trouble).to.equal('cannot be reached (ECONNREFUSED)');
    expect(await failure(early.publish(1, '"a":1}'))).to.be.instanceOf(UnavailableError);
    expect(await failure(early.subscribe(1))).to.be.instanceOf(UnavailableError);
    closer().add(await startRedis({ port }));
    await until('deliveries', () => early.connected);
    const later = closer().add(await makeRedisFixture(options));
    await later.directory().ensure(1, 0);
    await early.subscribe(1);
    await early.publish(1, '"a":1}');
    await later.directory().announce({ type: 'room-renamed', roomId: 1, name: 'new' });
    await recorder.until('both', () => recorder.seqs(1).length === 1 && recorder.events.length === 1);
  });

  it('with a silent Redis at the start is waited out', async () => {
    server.kill('SIGSTOP');
    const begun = performance.now();
    const options = { ...fixture.options, connectTimeoutMs: 500 };
    const early = closer().add(await RedisBroker.connect(options));
    expect(performance.now() - begun).to.be.at.least(450);
    expect(early.connected).to.equal(false);
    server.kill('SIGCONT');
    await until('deliveries', () => early.connected);
  });

  it('refuses every call while Redis is down, and heals when it is back', async () => {
    const traffic = new Traffic([broker], rooms);
    traffic.start(2);
    await traffic.more(50);
    await server.crash();
    await expectRefusal();
    await until('the loss to be noticed', () => !broker.connected);
    await server.restart();
    await traffic.more(1);
    await traffic.stop();
    await expectHealed();
    await traffic.check(heard);
  });

  it('refuses every call while Redis is frozen, and heals when it resumes', async () => {
    const traffic = new Traffic([broker], rooms);
    traffic.start(2);
    await traffic.more(50);
    server.kill('SIGSTOP');
    await expectRefusal();
    await until('the silence to be noticed', () => !broker.connected);
    // The system accepts new connections, which are silent as well.
    await expectRefusal();
    await traffic.stop();
    server.kill('SIGCONT');
    await expectHealed();
    await traffic.check(heard);
  });

  it('is bridged without a loss if it is too short to be detected', async () => {
    const traffic = new Traffic([broker], rooms);
    traffic.start(2);
    await traffic.more(50);
    server.kill('SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, TIMEOUT_MS / 8));
    server.kill('SIGCONT');
    await traffic.more(50);
    await traffic.stop();
    expect(traffic.failed).to.equal(0);
    await traffic.check(heard);
  });

  it('by full memory refuses messages while it lasts, and no later ones', async () => {
    const admin = new Redis(server.url);
    closer().defer(() => admin.disconnect());
    await admin.config('SET', 'maxmemory', '1');
    expect(await failure(broker.publish(spare, '"a":1}'))).to.be.instanceOf(UnavailableError);
    await admin.config('SET', 'maxmemory', '0');
    const { seq } = await broker.publish(spare, '"a":2}');
    expect(seq).to.equal(1);
    await heard.until('the message', () => heard.messages.length === 1);
  });
});
