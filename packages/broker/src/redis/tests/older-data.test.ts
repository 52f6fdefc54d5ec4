import { join } from 'node:path';
import { redisAt } from '@chorus/redis/testing';
import { closeAfterEach, DurableRedis, silentLog, until } from '@chorus/testing';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import type { Broker, Position } from '../../broker.js';
import type { HistoryLoss } from '../../feeds/losses.js';
import type { RoomFeedRegistry } from '../../feeds/room-feed-registry.js';
import { openFeeds } from '../../testing/feeds.js';
import { numbers, someRoom } from '../../testing/recorder.js';
import { makeRedisFixture, type RedisFixture, testOptions } from '../../testing/redis-fixture.js';
import { TestRoomArchive } from '../../testing/room-archive.js';

const ARGS = ['--appendonly', 'no', '--save', ''];
const GENERATION = 7;
const LEASE_MS = 10_000;

interface Node {
  broker: Broker;
  feeds: RoomFeedRegistry;
  readonly seqs: number[];
  readonly losses: HistoryLoss[];
}

describe('rooms over a Redis that returns with older data', function () {
  this.timeout(30_000);
  const closer = closeAfterEach();
  let server: DurableRedis;
  let admin: Redis;
  let fixture: RedisFixture;
  let archive: TestRoomArchive;
  let roomId: number;

  beforeEach(async () => {
    server = closer().add(await DurableRedis.start({ args: ARGS }));
    admin = new Redis(server.url);
    admin.on('error', () => undefined);
    closer().defer(() => admin.disconnect());
    const redis = redisAt(server.url, 2_000);
    fixture = closer().add(await makeRedisFixture(testOptions(redis)));
    archive = new TestRoomArchive();
    roomId = await newRoom();
    await fixture.directory().markComplete();
  });

  const newRoom = async (): Promise<number> => {
    const id = someRoom();
    archive.add(id, GENERATION);
    await fixture.directory().ensure(id, 0, GENERATION);
    return id;
  };

  const openNode = async (): Promise<Node> => {
    const { feeds, broker, heard } = await openFeeds(() => fixture.connect(), { log: silentLog });
    closer().add(feeds);
    return {
      broker,
      feeds,
      get seqs() {
        return heard.messages.map(({ position }) => position.seq);
      },
      get losses() {
        return heard.losses.map(({ loss }) => loss);
      },
    };
  };

  const say = async ({ broker }: Node, count: number, room = roomId): Promise<Position[]> => {
    const positions: Position[] = [];
    for (let n = 0; n < count; n++) {
      const { epoch, seq } = await broker.publish(room, `"n":${n}}`);
      positions.push({ epoch, seq });
    }
    return positions;
  };
  /** Archives the backlog, as an archiver does. */
  const store = async (): Promise<void> => {
    for (const backlog of await fixture.queue().claim(10, 1_000, LEASE_MS)) {
      archive.store(backlog.roomId, backlog.messages);
      const last = backlog.messages.at(-1);
      if (last !== undefined)
        await fixture.queue().settle(backlog.roomId, last, { size: 1_000, maxAgeMs: 0 });
    }
  };
  const untilHeard = async (node: Node, seqs: number[]): Promise<void> => {
    await until(`${seqs.at(-1)}`, () => node.seqs.length >= seqs.length && node.feeds.stats.behind === 0);
    expect(node.seqs).to.deep.equal(seqs);
  };
  const restart = async (folder = server.dir): Promise<void> => {
    await server.restart(folder);
    await until('the connection of this test', () =>
      fixture
        .directory()
        .wanted()
        .then(
          () => true,
          () => false,
        ),
    );
  };
  const lookAfter = (): void => void closer().add(archive.lookAfter(fixture.directory()));
  const published = (node: Node): Promise<void> =>
    until('a publish', () =>
      say(node, 1).then(
        () => true,
        () => false,
      ),
    );
  /** The messages replayed to a client that resumes; undefined if the resume is refused. */
  const replayed = async ({ feeds }: Node, since: Position): Promise<number[] | undefined> => {
    const replay = await feeds.replay(roomId, since);
    const frames = replay?.next(1_000_000);
    replay?.end();
    return frames?.map((frame) => JSON.parse(Buffer.from(frame).toString()).seq as number);
  };
  /** Cuts a node off from the events of the room. */
  const deaf = async (node: Node): Promise<void> => {
    await admin.call('ACL', 'SETUSER', 'default', '-subscribe');
    await admin.client('KILL', 'TYPE', 'pubsub');
    await until('the loss', () => !node.broker.connected);
  };

  it('continue, and so do resumes, if nothing was lost', async () => {
    const node = await openNode();
    await node.feeds.acquire(roomId);
    const [, , third] = await say(node, 5);
    await admin.save();
    await restart();
    lookAfter();
    await published(node);
    await untilHeard(node, numbers(1, 6));
    expect(await replayed(node, third as Position)).to.deep.equal([4, 5, 6]);
    expect(node.losses).to.deep.equal([]);
  });

  it('can be neither joined nor published to before an API has checked them', async () => {
    const node = await openNode();
    await node.feeds.acquire(roomId);
    await say(node, 3);
    await admin.save();
    await restart();
    await until('the connection', () => node.broker.connected);
    expect(await say(node, 1).catch((error: Error) => error.message)).to.equal(
      'the rooms are being restored',
    );
    const other = await openNode();
    expect(await other.feeds.acquire(roomId).catch((error: Error) => error.message)).to.equal(
      'the rooms are being restored',
    );
    expect(await fixture.directory().wanted()).to.deep.equal([roomId]);
    lookAfter();
    await published(node);
    expect(await fixture.directory().wanted()).to.deep.equal([]);
  });

  it('get the messages of the database back, also for nodes that missed them', async () => {
    const node = await openNode();
    await node.feeds.acquire(roomId);
    const first = await say(node, 10);
    await store();
    await admin.save();
    await deaf(node);
    await say(node, 10);
    await store();
    await restart();
    lookAfter();
    await published(node);
    await untilHeard(node, numbers(1, 21));
    expect(node.losses).to.deep.equal([]);
    // Redis has lost data; the extent is unknown.
    expect(await replayed(node, first[9] as Position)).to.equal(undefined);
    expect((await fixture.queue().backlog()).rooms).to.equal(1);
    expect(await node.broker.stored(roomId)).to.deep.equal({ ...first[9], seq: 20 });
  });

  it('get the messages back that nodes still need, if Redis is empty', async () => {
    const node = await openNode();
    await node.feeds.acquire(roomId);
    await say(node, 10);
    await deaf(node);
    await say(node, 10);
    await store();
    await restart(join(server.dir, 'empty'));
    // A node queries the room before the API checks it.
    await until('a question', () =>
      fixture
        .directory()
        .wanted()
        .then((wanted) => wanted.includes(roomId))
        .catch(() => false),
    );
    await until('what it has seen', async () => {
      const seen = await admin.hget(fixture.keys.wanted(undefined), String(roomId));
      return seen !== null && seen !== '';
    });
    lookAfter();
    await published(node);
    await untilHeard(node, numbers(1, 21));
    expect(node.losses).to.deep.equal([]);
  });

  it('recognise repeated messages, if Redis is empty', async () => {
    const { broker } = await openNode();
    const first = await broker.publish(roomId, '"a":1}', 'key-1');
    const [message] = (await fixture.queue().claim(1, 1, LEASE_MS))[0]?.messages ?? [];
    if (message !== undefined) archive.store(roomId, [{ ...message, idempotencyKey: 'key-1' }]);
    await restart(join(server.dir, 'empty'));
    lookAfter();
    let again: unknown;
    await until('a publish', async () => {
      again = await broker.publish(roomId, '"a":1}', 'key-1').catch(() => undefined);
      return again !== undefined;
    });
    expect(again).to.deep.equal({ ...first, repeated: true });
  });

  it('report final losses to nodes, and possible gaps to resumes in every room', async () => {
    const [node, other] = [await openNode(), await newRoom()];
    await node.feeds.acquire(roomId);
    await node.feeds.acquire(other);
    const [elsewhere] = await say(node, 1, other);
    const first = await say(node, 10);
    await admin.save();
    await deaf(node);
    const lost = await say(node, 10);
    await restart();
    lookAfter();
    await published(node);
    await until('the loss', () => node.losses.length > 0);
    // This node has acknowledged the lost messages.
    expect(node.losses).to.deep.equal([{ from: first[9], to: lost[9], recoverable: false }]);
    expect(await replayed(node, first[9] as Position)).to.equal(undefined);
    expect(node.feeds.lossSince(roomId, first[9] as Position)?.to).to.deep.equal(lost[9]);
    expect(await node.feeds.replay(other, elsewhere as Position)).to.equal(undefined);
  });

  it('report losses that become known later: from a disconnected node, an archiver with a batch, a client', async () => {
    for (const witness of ['node', 'archiver', 'client'] as const) {
      roomId = await newRoom();
      const node = await openNode();
      await node.feeds.acquire(roomId);
      const first = await say(node, 10);
      await store();
      await admin.save();
      const speaker = await fixture.connect();
      await deaf(node);
      const lost: Position[] = [];
      for (let n = 0; n < 10; n++) lost.push(await speaker.publish(roomId, `"lost":${n}}`));
      await speaker.close();
      const last = lost[9] as Position;
      await restart();
      lookAfter();
      await published(node);
      expect(node.losses, witness).to.deep.equal([]);
      if (witness === 'archiver') await fixture.queue().settle(roomId, last, { size: 1_000, maxAgeMs: 0 });
      else {
        const seen = { position: last, generation: String(GENERATION), by: witness } as const;
        await node.broker.standing(roomId, seen);
      }
      await until(`the loss, by a ${witness}`, () => node.losses.length > 0);
      expect(node.losses, witness).to.deep.equal([{ from: first[9], to: last, recoverable: false }]);
      expect(await replayed(node, first[9] as Position), witness).to.equal(undefined);
      await node.feeds.close();
    }
  });

  it('are dropped when the room was created again', async () => {
    const node = await openNode();
    await node.feeds.acquire(roomId);
    await say(node, 3);
    await store();
    await admin.save();
    archive.delete(roomId);
    archive.add(roomId, GENERATION + 1);
    await restart();
    lookAfter();
    const other = await openNode();
    await until('the new room', () =>
      other.feeds.acquire(roomId).then(
        () => true,
        () => false,
      ),
    );
    expect(other.feeds.position(roomId)?.seq).to.equal(0);
    expect(await replayed(other, { epoch: 1, seq: 0 })).to.equal(undefined);
    const [position] = await say(other, 1);
    expect(position?.seq).to.equal(1);
    expect(node.losses).to.deep.equal([]);
  });
});
