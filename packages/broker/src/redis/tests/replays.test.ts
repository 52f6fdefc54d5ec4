import { UnavailableError } from '@chorus/redis';
import { redisAt } from '@chorus/redis/testing';
import { closeAfterEach, createPrng, DurableRedis, patiently, silentLog } from '@chorus/testing';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import type { Broker, Position } from '../../broker.js';
import type { RoomFeedOptions } from '../../feeds/room-feed-options.js';
import { RoomFeedRegistry } from '../../feeds/room-feed-registry.js';
import { IGNORE } from '../../testing/feeds.js';
import { someRoom } from '../../testing/recorder.js';
import { makeRedisFixture, type RedisFixture, testOptions } from '../../testing/redis-fixture.js';
import { TestRoomArchive } from '../../testing/room-archive.js';
import { Traffic } from '../../testing/traffic.js';

interface Node {
  broker: Broker;
  feeds: RoomFeedRegistry;
  /** Called with every arrival, one function per live member. */
  live: Set<(frame: Uint8Array) => void>;
}

/** A client that connects and disconnects, and records the messages that it has received. */
interface Client {
  at: Position;
  readonly seen: string[];
  stays: number;
  refused: number;
}

describe('replays over Redis', function () {
  this.timeout(30_000);
  const closer = closeAfterEach();
  let server: DurableRedis;
  let admin: Redis;
  let fixture: RedisFixture;
  let roomId: number;

  beforeEach(async () => {
    server = closer().add(await DurableRedis.start());
    admin = new Redis(server.url);
    admin.on('error', () => undefined);
    closer().defer(() => admin.disconnect());
    const redis = redisAt(server.url, 2_000);
    fixture = closer().add(await makeRedisFixture(testOptions(redis)));
    roomId = someRoom();
    await fixture.directory().ensure(roomId, 0);
    const archive = new TestRoomArchive();
    archive.add(roomId);
    closer().add(archive.lookAfter(fixture.directory()));
    await fixture.directory().markComplete();
  });

  const openNode = async (options: Partial<RoomFeedOptions> = {}): Promise<Node> => {
    const live: Node['live'] = new Set();
    const broker = await fixture.connect();
    // Subscribes often from scratch, and often with the window of an earlier client.
    const usual = { lingerMs: 20, retryMs: 20, replayKeepMs: 30, pageSize: 20, log: silentLog };
    const feeds = closer().add(new RoomFeedRegistry(broker, { ...usual, ...options }));
    const onMessage = (_roomId: number, _position: Position, frame: Uint8Array): void => {
      for (const hear of live) hear(frame);
    };
    feeds.listen({ ...IGNORE, onMessage }, IGNORE);
    broker.listen(feeds);
    return { broker, feeds, live };
  };

  /** One connection: resume, catch up in small steps, stay for a while. */
  const visit = async ({ feeds, live }: Node, client: Client, random: () => number): Promise<void> => {
    const hear = (frame: Uint8Array): void => {
      const text = Buffer.from(frame).toString();
      const { epoch, seq } = JSON.parse(text) as Position;
      client.at = { epoch, seq };
      client.seen.push(text);
    };
    const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, random() * ms));
    await feeds.acquire(roomId);
    try {
      const replay = await feeds.replay(roomId, client.at);
      if (replay === undefined) {
        client.refused++;
        return;
      }
      let frames = replay.next(500);
      for (; frames !== undefined && frames.length > 0; frames = replay.next(500)) {
        frames.forEach(hear);
        if (random() < 0.3) await pause(5);
      }
      if (frames !== undefined) live.add(hear);
      replay.end();
      await pause(30);
      live.delete(hear);
      client.stays++;
    } finally {
      feeds.release(roomId);
    }
  };

  const comeAndGo = async (
    nodes: readonly Node[],
    client: Client,
    random: () => number,
    over: () => boolean,
  ): Promise<void> => {
    while (!over()) {
      const node = nodes[Math.floor(random() * nodes.length)] as Node;
      await visit(node, client, random).catch((error: unknown) => {
        if (!(error instanceof UnavailableError)) throw error;
      });
      await new Promise((resolve) => setTimeout(resolve, random() * 40));
    }
  };

  /** Clients connect and disconnect on three nodes during disturbances; all of them receive every message. */
  const run = async (happens: (traffic: Traffic, random: () => number) => Promise<void>): Promise<void> => {
    const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
    const random = createPrng(seed).next;
    const nodes = [await openNode(), await openNode(), await openNode()];
    const traffic = new Traffic(
      nodes.map(({ broker }) => broker),
      [roomId],
    );
    const begin = await (nodes[0] as Node).broker.position(roomId);
    const clients = Array.from({ length: 30 }, (): Client => ({ at: begin, seen: [], stays: 0, refused: 0 }));
    let over = false;
    // On a busy machine they reconnect less often in that time.
    const coming = Promise.all(
      clients.map((client) => comeAndGo(nodes, client, random, () => over && client.stays > 5)),
    );
    traffic.start(3);
    await happens(traffic, random);
    await traffic.stop();
    over = true;
    await coming;
    const stream = await admin.xrange(fixture.keys.stream(roomId), '-', '+');
    const sent = stream.map(([, fields]) => fields[1]);
    expect(sent.length, 'sent').to.be.above(200);
    const deadline = performance.now() + patiently(15_000);
    for (const client of clients) {
      // Includes messages stored after the last connection.
      const seen = (): boolean => client.seen.length >= sent.length || performance.now() > deadline;
      await comeAndGo(nodes, client, random, seen);
      const bodies = client.seen.map((text) => text.slice(text.indexOf('"id"')));
      expect(bodies, `with SEED=${seed}`).to.deep.equal(sent);
      expect(client.refused, `refused with SEED=${seed}`).to.equal(0);
    }
  };

  it('are exact while subscriber connections are cut again and again', () =>
    run(async (traffic, random) => {
      for (let cut = 0; cut < 12; cut++) {
        await traffic.more(30 + random() * 60);
        await admin.client('KILL', 'TYPE', 'pubsub');
      }
    }));

  it('are exact across restarts of Redis', () =>
    run(async (traffic) => {
      for (let round = 0; round < 2; round++) {
        await traffic.more(120);
        await server.crash();
        await server.restart();
        await traffic.more(120);
      }
    }));

  it('of a thousand concurrent clients share a few reads', async () => {
    const { broker, feeds } = await openNode({ pageSize: 500 });
    await feeds.acquire(roomId);
    const body = `"content":"${'x'.repeat(170)}"}`;
    const positions: Position[] = [];
    for (let n = 0; n < 5; n++) {
      positions.push(...(await Promise.all(Array.from({ length: 110 }, () => broker.publish(roomId, body)))));
    }
    const last = positions.at(-1) as Position;
    while (feeds.position(roomId)?.seq !== last.seq) await new Promise((resolve) => setTimeout(resolve, 2));
    await admin.config('RESETSTAT');
    const counts = await Promise.all(
      Array.from({ length: 1_000 }, async (_, n) => {
        const since = positions[49 - (n % 50)] as Position;
        const replay = await feeds.replay(roomId, since);
        let count = 0;
        let frames = replay?.next(65_536);
        for (; frames !== undefined && frames.length > 0; frames = replay?.next(65_536))
          count += frames.length;
        replay?.end();
        return count - (last.seq - since.seq);
      }),
    );
    expect(new Set(counts)).to.deep.equal(new Set([0]));
    const [, reads] = /cmdstat_xrange:calls=(\d+)/.exec(await admin.info('commandstats')) ?? [];
    expect(Number(reads)).to.be.within(2, 3);
  });
});
