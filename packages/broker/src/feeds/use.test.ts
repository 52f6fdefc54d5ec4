import { UnavailableError } from '@chorus/redis';
import { failure, silentLog, until } from '@chorus/testing';
import { expect } from 'chai';
import { RoomNotFoundError } from '../broker.js';
import { openFeeds } from '../testing/feeds.js';
import type { Recorder } from '../testing/recorder.js';
import { ScriptedBroker } from '../testing/scripted-broker.js';
import { RoomFeedRegistry } from './room-feed-registry.js';

const ROOM = 7;

describe('using rooms', () => {
  let broker: ScriptedBroker;
  let feeds: RoomFeedRegistry;
  let heard: Recorder;

  beforeEach(async () => {
    broker = new ScriptedBroker();
    broker.room(ROOM, { epoch: 1_000, seq: 10 });
    ({ feeds, heard } = await openFeeds(async () => broker, {
      lingerMs: 30,
      retryMs: 10,
      log: silentLog,
    }));
  });

  afterEach(() => feeds.close());

  const unsubscribed = (): Promise<void> =>
    until('the unsubscription', () => broker.subscribed.size === 0 && feeds.size === 0);

  it('unsubscribes some time after the last release', async () => {
    await feeds.acquire(ROOM);
    await feeds.acquire(ROOM);
    feeds.release(ROOM);
    expect(feeds.size).to.equal(1);
    feeds.release(ROOM);
    expect(broker.count('unsubscribe')).to.equal(0);
    await unsubscribed();
    expect([broker.count('subscribe'), broker.count('unsubscribe')]).to.deep.equal([1, 1]);
  });

  it('stays subscribed if the room is used again in time', async () => {
    for (let round = 0; round < 20; round++) {
      await feeds.acquire(ROOM);
      feeds.release(ROOM);
    }
    await feeds.acquire(ROOM);
    const lingered = new Promise((resolve) => setTimeout(resolve, 60));
    await lingered;
    expect([broker.count('subscribe'), broker.count('unsubscribe')]).to.deep.equal([1, 0]);
  });

  it('subscribes again only after the unsubscription is done', async () => {
    await feeds.acquire(ROOM);
    broker.slow.add('unsubscribe');
    feeds.release(ROOM);
    await until('the unsubscription to begin', () => broker.count('unsubscribe') === 1);
    const again = feeds.acquire(ROOM);
    expect(broker.count('subscribe')).to.equal(1);
    broker.release('unsubscribe');
    await again;
    expect(broker.calls.map(({ method }) => method)).to.deep.equal([
      'subscribe',
      'position',
      'unsubscribe',
      'subscribe',
      'position',
    ]);
    expect(broker.subscribed.has(ROOM)).to.equal(true);
    broker.arrive(ROOM, broker.store(ROOM));
    expect(heard.messages).to.have.length(1);
  });

  it('does not stay subscribed to a room that does not exist', async () => {
    const errors = await Promise.all([1, 2, 3].map(() => failure(feeds.acquire(99))));
    for (const error of errors) expect(error).to.be.instanceOf(RoomNotFoundError);
    await unsubscribed();
    broker.room(99, { epoch: 1, seq: 0 });
    await feeds.acquire(99);
  });

  it('reports a failure to all waiting callers, and starts over for the next one', async () => {
    broker.failing.add('subscribe');
    const errors = await Promise.all([1, 2, 3].map(() => failure(feeds.acquire(ROOM))));
    for (const error of errors) expect(error).to.be.instanceOf(UnavailableError);
    await unsubscribed();
    broker.failing.clear();
    await feeds.acquire(ROOM);
    expect(broker.subscribed.has(ROOM)).to.equal(true);
  });

  it('accepts an unneeded release', async () => {
    feeds.release(ROOM);
    await feeds.acquire(ROOM);
    feeds.release(ROOM);
    feeds.release(ROOM);
    await unsubscribed();
    await feeds.acquire(ROOM);
    expect(broker.subscribed.has(ROOM)).to.equal(true);
  });

  it('refuses to use a room without a listener', async () => {
    const deaf = new RoomFeedRegistry(broker, { lingerMs: 0, retryMs: 10, log: silentLog });
    expect(await failure(deaf.acquire(ROOM))).to.be.instanceOf(Error);
    expect(broker.count('subscribe')).to.equal(0);
  });

  it('delivers notices of rooms in use only', async () => {
    broker.listener?.onNotice(ROOM, Buffer.from('early'));
    await feeds.acquire(ROOM);
    broker.listener?.onNotice(ROOM, Buffer.from('now'));
    expect(heard.notices.map(({ text }) => text)).to.deep.equal(['now']);
  });

  describe('when a room is deleted', () => {
    it('passes the event on', async () => {
      broker.listener?.onControl({ type: 'room-deleted', roomId: ROOM });
      broker.listener?.onControl({ type: 'room-renamed', roomId: 3, name: 'x' });
      expect(heard.events.map(({ type }) => type)).to.deep.equal(['room-deleted', 'room-renamed']);
    });

    it('unsubscribes at once when its last user has released it', async () => {
      await feeds.close();
      ({ feeds, heard } = await openFeeds(async () => broker, {
        lingerMs: 60_000,
        log: silentLog,
      }));
      await feeds.acquire(ROOM);
      broker.listener?.onControl({ type: 'room-deleted', roomId: ROOM });
      feeds.release(ROOM);
      await unsubscribed();
      await feeds.acquire(ROOM);
      feeds.release(ROOM);
      broker.listener?.onControl({ type: 'room-deleted', roomId: ROOM });
      await unsubscribed();
    });

    it('refuses further users, although others still use it', async () => {
      await feeds.acquire(ROOM);
      broker.positions.delete(ROOM);
      broker.listener?.onControl({ type: 'room-deleted', roomId: ROOM });
      expect(await failure(feeds.acquire(ROOM))).to.be.instanceOf(RoomNotFoundError);
      feeds.release(ROOM);
      await unsubscribed();
    });

    it('accepts users of a new room with its id', async () => {
      await feeds.acquire(ROOM);
      broker.listener?.onControl({ type: 'room-deleted', roomId: ROOM });
      broker.room(ROOM, { epoch: 2_000, seq: 0 });
      await feeds.acquire(ROOM);
      broker.arrive(ROOM, broker.store(ROOM));
      await heard.until('the message', () => heard.messages.length === 1);
      expect(feeds.position(ROOM)).to.deep.equal({ epoch: 2_000, seq: 1 });
    });

    it('keeps a newer room with its id if the event arrives late', async () => {
      broker.standings.set(ROOM, { generation: '8' });
      await feeds.acquire(ROOM);
      broker.listener?.onControl({ type: 'room-deleted', roomId: ROOM, generation: 7 });
      broker.arrive(ROOM, broker.store(ROOM));
      await heard.until('the message', () => heard.messages.length === 1);
      expect(heard.events).to.deep.equal([]);
      broker.listener?.onControl({ type: 'room-deleted', roomId: ROOM, generation: 8 });
      expect(heard.events).to.have.length(1);
    });

    it('ends an older room with its id when a newer one is deleted', async () => {
      broker.standings.set(ROOM, { generation: '8' });
      await feeds.acquire(ROOM);
      broker.listener?.onControl({ type: 'room-deleted', roomId: ROOM, generation: 9 });
      expect(heard.events).to.have.length(1);
    });

    it('detects it after an interruption in which the event was lost', async () => {
      await feeds.acquire(ROOM);
      broker.positions.delete(ROOM);
      broker.listener?.onResumed();
      await heard.until('the event', () => heard.events.length === 1);
      expect(heard.events).to.deep.equal([{ type: 'room-deleted', roomId: ROOM }]);
      feeds.release(ROOM);
      await unsubscribed();
    });
  });

  it('has no subscription left after many users in every order', async () => {
    for (let roomId = 0; roomId < 20; roomId++) broker.room(roomId, { epoch: 1, seq: 0 });
    const visit = async (): Promise<void> => {
      // Rooms above 19 do not exist.
      const roomId = Math.floor(Math.random() * 25);
      try {
        await feeds.acquire(roomId);
      } catch {
        return;
      }
      expect(broker.subscribed.has(roomId)).to.equal(true);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
      feeds.release(roomId);
    };
    const visitor = async (): Promise<void> => {
      for (let visits = 0; visits < 20; visits++) {
        if (visits % 5 === 4) await new Promise((resolve) => setTimeout(resolve, Math.random() * 60));
        await visit();
      }
    };
    await Promise.all(Array.from({ length: 50 }, visitor));
    await unsubscribed();
    expect(broker.count('unsubscribe')).to.equal(broker.count('subscribe'));
  });

  it('delivers nothing after its end, and refuses users', async () => {
    await feeds.acquire(ROOM);
    broker.failing.add('between');
    const messages = [broker.store(ROOM), broker.store(ROOM)];
    broker.arrive(ROOM, ...messages.slice(1));
    await feeds.close();
    broker.failing.clear();
    broker.arrive(ROOM, ...messages);
    broker.listener?.onNotice(ROOM, Buffer.from('late'));
    broker.listener?.onResumed();
    expect(await failure(feeds.acquire(ROOM))).to.be.instanceOf(UnavailableError);
    expect([heard.messages, heard.notices]).to.deep.equal([[], []]);
    await feeds.close();
  });
});
