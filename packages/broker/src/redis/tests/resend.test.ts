import { setTimeout as sleep } from 'node:timers/promises';
import { UnavailableError } from '@chorus/redis';
import { redisAt } from '@chorus/redis/testing';
import { closeAfterEach, DurableRedis, silentLog, until } from '@chorus/testing';
import { expect } from 'chai';
import type { Broker, Position } from '../../broker.js';
import { openFeeds } from '../../testing/feeds.js';
import { Recorder, someRoom } from '../../testing/recorder.js';
import { makeRedisFixture, type RedisFixture, testOptions } from '../../testing/redis-fixture.js';
import { TestRoomArchive } from '../../testing/room-archive.js';

const TIMEOUT_MS = 300;
const SENDERS = 20;
const EVERYTHING = [{ epoch: 0, seq: 0 }, { epoch: Number.MAX_SAFE_INTEGER, seq: 0 }, 100_000] as const;

describe('messages that are retried until they are acknowledged', function () {
  this.timeout(30_000);
  const closer = closeAfterEach();
  let server: DurableRedis;
  let fixture: RedisFixture;
  let brokers: Broker[];
  let heard: Recorder;
  let roomId: number;
  let acked: Map<string, Position>;
  let resent: number;
  let sending: boolean;

  beforeEach(async () => {
    server = closer().add(await DurableRedis.start());
    const redis = redisAt(server.url, TIMEOUT_MS);
    fixture = closer().add(await makeRedisFixture(testOptions(redis)));
    roomId = someRoom();
    await fixture.directory().ensure(roomId, 0);
    const archive = new TestRoomArchive();
    archive.add(roomId);
    closer().add(archive.lookAfter(fixture.directory()));
    const opened = await openFeeds(() => fixture.connect(), { log: silentLog });
    closer().add(opened.feeds);
    await opened.feeds.acquire(roomId);
    heard = opened.heard;
    brokers = [opened.broker, await fixture.connect(new Recorder())];
    acked = new Map();
    resent = 0;
    sending = true;
  });

  /** Sends messages sequentially, each through one node after the other until one returns its position. */
  const send = async (sender: number): Promise<void> => {
    for (let n = 0; sending; n++) {
      const id = `${sender}-${n}`;
      for (let attempt = 0; !acked.has(id); attempt++) {
        const broker = brokers[(n + attempt) % brokers.length];
        try {
          const place = await broker?.publish(roomId, `"id":"${id}"}`, `${sender}:${n}`);
          if (place !== undefined) acked.set(id, { epoch: place.epoch, seq: place.seq });
        } catch (error) {
          if (!(error instanceof UnavailableError)) throw error;
          resent++;
          await sleep(20);
        }
      }
      await sleep(2);
    }
  };

  const check = async (during: () => Promise<void>): Promise<void> => {
    const senders = Array.from({ length: SENDERS }, (_, sender) => send(sender));
    const more = async (): Promise<void> => {
      const goal = acked.size + 200;
      await until('more messages', () => acked.size >= goal, 10_000);
    };
    await more();
    await during();
    await more();
    sending = false;
    await Promise.all(senders);

    expect(resent).to.be.above(0);
    const [reader] = brokers;
    const stored = (await reader?.between(roomId, ...EVERYTHING)) ?? [];
    const places = stored.map(({ epoch, seq, frame }) => [
      (JSON.parse(Buffer.from(frame).toString()) as { id: string }).id,
      { epoch, seq },
    ]);
    expect(places.length).to.equal(acked.size);
    expect(Object.fromEntries(places)).to.deep.equal(Object.fromEntries(acked));
    await heard.until('all of them', () => heard.messages.length >= acked.size);
    expect(heard.messages.map(({ text }) => text)).to.deep.equal(
      stored.map(({ frame }) => Buffer.from(frame).toString()),
    );
  };

  it('are stored and delivered once when Redis is frozen for longer than any timeout', async () => {
    await check(async () => {
      for (let n = 0; n < 3; n++) {
        server.kill('SIGSTOP');
        await sleep(2 * TIMEOUT_MS);
        server.kill('SIGCONT');
        await until('the node', () => brokers.every((broker) => broker.connected));
      }
    });
  });

  it('are stored and delivered once when Redis is killed and restarted', async () => {
    await check(async () => {
      await server.crash();
      await server.restart();
      await until('the nodes', () => brokers.every((broker) => broker.connected));
    });
  });
});
