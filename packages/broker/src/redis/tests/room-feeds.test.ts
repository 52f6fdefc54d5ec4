import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalServer, startRedis } from '@chorus/local';
import { redisAt } from '@chorus/redis/testing';
import { closeAfterEach, ensureTestRedis, failure, silentLog, until } from '@chorus/testing';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { type Broker, RoomNotFoundError } from '../../broker.js';
import type { RoomFeedRegistry } from '../../feeds/room-feed-registry.js';
import { openFeeds } from '../../testing/feeds.js';
import { type Recorder, someRoom } from '../../testing/recorder.js';
import { makeRedisFixture, type RedisFixture, testOptions } from '../../testing/redis-fixture.js';
import { TestRoomArchive } from '../../testing/room-archive.js';
import { Traffic } from '../../testing/traffic.js';

interface Node {
  broker: Broker;
  feeds: RoomFeedRegistry;
  heard: Recorder;
}

describe('room feeds over Redis', function () {
  this.timeout(20_000);
  const closer = closeAfterEach();
  let server: LocalServer;
  let admin: Redis;
  let fixture: RedisFixture;
  let archive: TestRoomArchive;

  before(ensureTestRedis);

  const begin = async (args: Parameters<typeof startRedis>[0]): Promise<void> => {
    server = closer().add(await startRedis(args));
    admin = new Redis(server.url);
    admin.on('error', () => undefined);
    closer().defer(() => admin.disconnect());
    const redis = redisAt(server.url);
    fixture = closer().add(await makeRedisFixture(testOptions(redis)));
    await fixture.directory().markComplete();
    archive = new TestRoomArchive();
  };

  const lookAfterRooms = (): void => {
    closer().add(archive.lookAfter(fixture.directory()));
  };

  const openNode = async (lingerMs = 0): Promise<Node> => {
    const opened = await openFeeds(() => fixture.connect(), { lingerMs, log: silentLog });
    closer().add(opened.feeds);
    return opened;
  };

  const newRooms = async (count: number): Promise<number[]> => {
    const rooms = Array.from({ length: count }, someRoom);
    const directory = fixture.directory();
    for (const roomId of rooms) archive.add(roomId);
    await Promise.all(rooms.map((roomId) => directory.ensure(roomId, 0)));
    return rooms;
  };

  const channels = async (): Promise<string[]> =>
    (await admin.pubsub('CHANNELS', `*${fixture.options.keyspace.prefix}*`)) as string[];

  const roomChannels = async (): Promise<string[]> =>
    (await channels()).filter((channel) => channel.includes(':room:'));

  const noRoomLeft = (): Promise<void> =>
    until('the end of all room subscriptions', async () => (await roomChannels()).length === 0);

  /** Makes every node use every room. */
  const occupy = async (nodes: readonly Node[], rooms: readonly number[]): Promise<Traffic> => {
    await Promise.all(nodes.flatMap(({ feeds }) => rooms.map((roomId) => feeds.acquire(roomId))));
    return new Traffic(
      nodes.map(({ broker }) => broker),
      rooms,
    );
  };

  describe('on a server that keeps running', () => {
    beforeEach(() => begin({}));

    it('is exact while connections are cut repeatedly', async () => {
      const nodes = [await openNode(), await openNode(), await openNode()];
      const traffic = await occupy(nodes, await newRooms(5));
      traffic.start(2);
      for (let cut = 0; cut < 8; cut++) {
        await traffic.more(100);
        await admin.client('KILL', 'TYPE', 'pubsub');
        if (cut % 3 === 2) await admin.client('KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      }
      await traffic.more(100);
      await traffic.stop();
      for (const { heard } of nodes) await traffic.check(heard);
    });

    it('leaves no subscription to a room that does not exist', async () => {
      const { feeds } = await openNode();
      await Promise.all(
        Array.from({ length: 20 }, async () => {
          expect(await failure(feeds.acquire(someRoom()))).to.be.instanceOf(RoomNotFoundError);
        }),
      );
      await noRoomLeft();
    });

    it('leaves no subscription after many users while connections are cut', async () => {
      const { feeds } = await openNode(5);
      const rooms = await newRooms(50);
      const cutting = setInterval(() => void admin.client('KILL', 'TYPE', 'pubsub'), 70);
      const visitor = async (): Promise<void> => {
        for (let visit = 0; visit < 40; visit++) {
          const roomId = rooms[Math.floor(Math.random() * rooms.length)] ?? 0;
          const entered = await feeds.acquire(roomId).then(
            () => true,
            () => false,
          );
          await new Promise((resolve) => setTimeout(resolve, Math.random() * 15));
          if (entered) feeds.release(roomId);
        }
      };
      await Promise.all(Array.from({ length: 30 }, visitor));
      clearInterval(cutting);
      await until('the end of all feeds', () => feeds.size === 0);
      await noRoomLeft();
    });

    it('reconnects soon, however many rooms are acquired', async () => {
      const { feeds, broker } = await openNode();
      const rooms = await newRooms(100);
      let asking = true;
      const ask = async (): Promise<void> => {
        for (let n = 0; asking; n++) {
          const roomId = rooms[n % rooms.length] ?? 0;
          const entered = await feeds.acquire(roomId).then(
            () => true,
            () => false,
          );
          if (entered) feeds.release(roomId);
          await new Promise((resolve) => setImmediate(resolve));
        }
      };
      const asked = Promise.all(Array.from({ length: 5 }, ask));
      for (let cut = 0; cut < 5; cut++) {
        await admin.client('KILL', 'TYPE', 'pubsub');
        await until('the loss', () => !broker.connected);
        await until('the connection', () => broker.connected, 500);
      }
      asking = false;
      await asked;
    });

    it('is subscribed to exactly the rooms in use after many changes', async () => {
      const { feeds, heard, broker } = await openNode(1);
      const rooms = await newRooms(1_200);
      for (let round = 0; round < 3; round++) {
        await Promise.all(rooms.map((roomId) => feeds.acquire(roomId)));
        for (const roomId of rooms.slice(600)) feeds.release(roomId);
        await until('half of the feeds', () => feeds.size === 600);
        if (round < 2) for (const roomId of rooms.slice(0, 600)) feeds.release(roomId);
      }
      const halfLeft = async (): Promise<boolean> => (await roomChannels()).length === 600;
      await until('the end of half the subscriptions', halfLeft);
      await admin.client('KILL', 'TYPE', 'pubsub');
      await until('the other half again', halfLeft);
      await Promise.all(rooms.map((roomId) => broker.publish(roomId, '"a":1}')));
      await heard.until('a message for each room in use', () => heard.messages.length === 600);
    });

    it('reports a room that was deleted while the node was disconnected', async () => {
      const { feeds, heard } = await openNode();
      const [roomId = 0] = await newRooms(1);
      await feeds.acquire(roomId);
      const removed = Promise.all([
        admin.client('KILL', 'TYPE', 'pubsub'),
        fixture.directory().remove(roomId),
      ]);
      await removed;
      await heard.until('the event', () => heard.events.length > 0);
      expect(heard.events[0]).to.deep.equal({ type: 'room-deleted', roomId });
      feeds.release(roomId);
      await noRoomLeft();
    });

    it('survives invalid payloads on its channels', async () => {
      const { feeds, heard, broker } = await openNode();
      const [roomId = 0] = await newRooms(1);
      await feeds.acquire(roomId);
      const nonsense = [
        '',
        'x',
        '{',
        'null',
        '{"type":"room-deleted"}',
        '{"type":"other","roomId":1}',
        '1-2',
        '-1\n{}',
        '1-x\n{}',
      ];
      for (const payload of [...nonsense, '99999999999999999999', '\0', Buffer.from([0xff, 0xfe, 0x0a])]) {
        await admin.publish(fixture.keys.control(), payload);
        await admin.publish(fixture.keys.channel(roomId), payload);
      }
      await broker.publish(roomId, '"a":1}');
      await fixture.directory().announce({ type: 'room-renamed', roomId, name: 'new' });
      await heard.until('what makes sense', () => heard.messages.length === 1 && heard.events.length === 1);
      expect(heard.notices).to.deep.equal([]);
    });
  });

  describe('on a server that restarts', () => {
    let dir: string;

    beforeEach(async () => {
      dir = await mkdtemp(join(tmpdir(), 'chorus-test-'));
      closer().defer(() => rm(dir, { recursive: true, force: true }));
    });

    const restart = async (args: readonly string[]): Promise<void> => {
      server.kill('SIGKILL');
      await server.exited;
      server = closer().add(await startRedis({ dir, port: server.port, args }));
    };

    it('loses nothing with appendfsync always', async () => {
      const args = ['--appendfsync', 'always'];
      await begin({ dir, args });
      const nodes = [await openNode(), await openNode()];
      const traffic = await occupy(nodes, await newRooms(3));
      lookAfterRooms();
      traffic.start(2);
      for (let round = 0; round < 2; round++) {
        await traffic.more(100);
        await restart(args);
        await traffic.more(100);
      }
      await traffic.stop();
      for (const { heard } of nodes) await traffic.check(heard);
    });

    it('repeats nothing and loses nothing more when the server returns with older data', async () => {
      const args = ['--appendonly', 'no', '--save', ''];
      await begin({ dir, args });
      const nodes = [await openNode(), await openNode(), await openNode()];
      const rooms = await newRooms(3);
      const lost = await occupy(nodes, rooms);
      lost.start(2);
      await lost.more(100);
      await admin.save();
      await lost.more(100);
      await lost.stop();
      for (const { heard } of nodes) await lost.check(heard);
      const epochs = rooms.map((roomId) => nodes[0]?.feeds.position(roomId)?.epoch ?? 0);
      const before = nodes.map(({ heard }) => heard.messages.splice(0).length);

      await restart(args);
      lookAfterRooms();
      // From the start: some nodes publish before others are subscribed again.
      const traffic = new Traffic(
        nodes.map(({ broker }) => broker),
        rooms,
      );
      traffic.start(1);
      await traffic.more(200);
      await traffic.stop();
      for (const { heard, feeds } of nodes) {
        await traffic.check(heard);
        for (const [index, roomId] of rooms.entries()) {
          expect(feeds.position(roomId)?.epoch).to.be.above(epochs[index] ?? 0);
        }
      }
      expect(before.every((count) => count >= 200)).to.equal(true);
    });

    it('waits until the rooms are known when the server returns empty', async () => {
      await begin({});
      dir = join(dir, 'empty');
      const { feeds, heard, broker } = await openNode();
      const [roomId = 0] = await newRooms(1);
      await feeds.acquire(roomId);
      for (let n = 0; n < 10; n++) await broker.publish(roomId, '"a":1}');
      await heard.until('all messages', () => heard.messages.length === 10);
      await restart(['--appendonly', 'no']);
      await until('the connection', () => broker.connected);
      const complete = (): Promise<boolean> => fixture.directory().isComplete();
      await until('an answer', () =>
        complete()
          .then((yes) => !yes)
          .catch(() => false),
      );
      expect(heard.events).to.deep.equal([]);
      await fixture.directory().ensure(roomId, 8);
      const { seq } = await broker.publish(roomId, '"a":2}');
      expect(seq).to.equal(9);
      await heard.until('the new message', () => heard.messages.length === 11);
      expect(heard.seqs(roomId)).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 9]);
    });
  });
});
