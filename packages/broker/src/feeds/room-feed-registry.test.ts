import { silentLog, until } from '@chorus/testing';
import { expect } from 'chai';
import type { StoredMessage } from '../broker.js';
import { openFeeds } from '../testing/feeds.js';
import type { Recorder } from '../testing/recorder.js';
import { ScriptedBroker } from '../testing/scripted-broker.js';
import type { RoomFeedRegistry } from './room-feed-registry.js';

const ROOM = 7;
const EPOCH = 1_000;

describe('room feeds', () => {
  let broker: ScriptedBroker;
  let feeds: RoomFeedRegistry;
  let heard: Recorder;

  beforeEach(async () => {
    broker = new ScriptedBroker();
    broker.room(ROOM, { epoch: EPOCH, seq: 10 });
    ({ feeds, heard } = await openFeeds(async () => broker, { lingerMs: 30, retryMs: 10, log: silentLog }));
  });

  afterEach(() => feeds.close());

  const store = (count: number): StoredMessage[] => Array.from({ length: count }, () => broker.store(ROOM));
  const texts = (): string[] => heard.messages.map(({ text }) => text);
  const expected = (from: number, to: number): string[] =>
    Array.from({ length: to - from + 1 }, (_, n) => `${EPOCH}-${from + n}`);

  it('delivers the messages after the position, once and in order', async () => {
    await feeds.acquire(ROOM);
    expect(feeds.position(ROOM)).to.deep.equal({ epoch: EPOCH, seq: 10 });
    const [first, second, third] = store(3) as [StoredMessage, StoredMessage, StoredMessage];
    broker.arrive(ROOM, first, first, second, first, second, third, third);
    expect(texts()).to.deep.equal(expected(11, 13));
    expect(feeds.position(ROOM)).to.deep.equal({ epoch: EPOCH, seq: 13 });
    expect(broker.count('between')).to.equal(0);
  });

  it('fills a gap with one read for all users of the room, and holds later arrivals meanwhile', async () => {
    await Promise.all(Array.from({ length: 50 }, () => feeds.acquire(ROOM)));
    expect([broker.count('subscribe'), broker.count('position')]).to.deep.equal([1, 1]);
    const messages = store(8);
    broker.slow.add('between');
    broker.arrive(ROOM, ...messages.slice(4, 6));
    broker.arrive(ROOM, ...messages.slice(6));
    await until('the read', () => broker.count('between') === 1);
    expect(texts()).to.deep.equal([]);
    broker.release('between');
    await heard.until('all messages', () => heard.messages.length === 8);
    expect(texts()).to.deep.equal(expected(11, 18));
    expect(broker.count('between')).to.equal(1);
  });

  it('orders arrivals that come out of order', async () => {
    await feeds.acquire(ROOM);
    const messages = store(6);
    broker.slow.add('between');
    for (const index of [3, 1, 5, 0, 4, 2, 2]) broker.arrive(ROOM, messages[index] as StoredMessage);
    broker.release('between');
    await heard.until('all messages', () => heard.messages.length === 6);
    broker.arrive(ROOM, ...store(1));
    await heard.until('one more', () => heard.messages.length === 7);
    expect(texts()).to.deep.equal(expected(11, 17));
  });

  it('fills a second gap that appears while the first is filled', async () => {
    await feeds.acquire(ROOM);
    const messages = store(9);
    broker.slow.add('between');
    broker.arrive(
      ROOM,
      messages[2] as StoredMessage,
      messages[5] as StoredMessage,
      messages[8] as StoredMessage,
    );
    await until('the read', () => broker.count('between') === 1);
    broker.release('between');
    await heard.until('all messages', () => heard.messages.length === 9);
    expect(texts()).to.deep.equal(expected(11, 19));
    expect(broker.count('between')).to.equal(3);
  });

  it('fills a gap of many pages', async () => {
    await feeds.acquire(ROOM);
    broker.arrive(ROOM, store(2_300).at(-1) as StoredMessage);
    await heard.until('all messages', () => heard.messages.length === 2_300);
    expect(texts()).to.deep.equal(expected(11, 2_310));
    expect(broker.count('between')).to.equal(5);
    expect(feeds.stats).to.include({ gapsRepaired: 1, gapsLost: 0, gapMessages: 2_300, messagesLost: 0 });
  });

  it("holds arrivals between the subscription and the answer with the room's position", async () => {
    broker.slow.add('subscribe').add('position');
    const acquired = feeds.acquire(ROOM);
    await until('the subscription', () => broker.count('subscribe') === 1);
    broker.arrive(ROOM, ...store(2));
    broker.release('subscribe');
    await until('the question', () => broker.count('position') === 1);
    broker.arrive(ROOM, ...store(2));
    expect(texts()).to.deep.equal([]);
    broker.release('position');
    await acquired;
    expect(texts()).to.deep.equal(expected(13, 14));
  });

  it('finds messages missed in an interruption although nothing arrives', async () => {
    await feeds.acquire(ROOM);
    store(3);
    broker.listener?.onResumed();
    await heard.until('all messages', () => heard.messages.length === 3);
    expect(texts()).to.deep.equal(expected(11, 13));
  });

  it('finds messages missed in an interruption during the acquisition of a room', async () => {
    broker.slow.add('position');
    const acquired = feeds.acquire(ROOM);
    await until('the question', () => broker.count('position') === 1);
    // The answer from before the interruption is still in flight when deliveries resume.
    store(2);
    broker.listener?.onResumed();
    broker.release('position');
    await acquired;
    await heard.until('all messages', () => heard.messages.length === 2);
    expect(texts()).to.deep.equal(expected(11, 12));
  });

  it('finds messages missed in an interruption while a gap was filled', async () => {
    await feeds.acquire(ROOM);
    const messages = store(3);
    broker.slow.add('between');
    broker.arrive(ROOM, messages[2] as StoredMessage);
    await until('the read', () => broker.count('between') === 1);
    store(2);
    broker.listener?.onResumed();
    broker.release('between');
    await heard.until('all messages', () => heard.messages.length === 5);
    expect(texts()).to.deep.equal(expected(11, 15));
  });

  it('retries until the broker answers', async () => {
    await feeds.acquire(ROOM);
    broker.failing.add('between').add('position');
    broker.arrive(ROOM, store(4).at(-1) as StoredMessage);
    await until('several attempts', () => broker.count('between') >= 3);
    expect(texts()).to.deep.equal([]);
    broker.failing.clear();
    broker.arrive(ROOM, ...store(1));
    await heard.until('all messages', () => heard.messages.length === 5);
    expect(texts()).to.deep.equal(expected(11, 15));
  });

  it('retries at once when deliveries resume', async () => {
    await feeds.close();
    const opened = await openFeeds(async () => broker, { retryMs: 60_000, log: silentLog });
    ({ feeds, heard } = opened);
    await feeds.acquire(ROOM);
    broker.failing.add('between');
    broker.arrive(ROOM, store(2).at(-1) as StoredMessage);
    await until('an attempt', () => broker.count('between') === 1);
    broker.failing.clear();
    broker.listener?.onResumed();
    await heard.until('all messages', () => heard.messages.length === 2);
  });

  it('reads arrivals back that it could not hold', async () => {
    await feeds.acquire(ROOM);
    const messages = store(12_000);
    broker.slow.add('between');
    broker.arrive(ROOM, ...messages.slice(1));
    broker.release('between');
    await heard.until('all messages', () => heard.messages.length === 12_000);
    expect(texts()).to.deep.equal(expected(11, 12_010));
  });

  it('continues with the remaining messages when the history does not reach back', async () => {
    await feeds.acquire(ROOM);
    const messages = store(6);
    broker.rooms.get(ROOM)?.splice(0, 3);
    broker.arrive(ROOM, messages[5] as StoredMessage);
    await heard.until('what is left', () => heard.messages.length === 3);
    expect(texts()).to.deep.equal(expected(14, 16));
    expect(feeds.stats).to.include({ gapsRepaired: 0, gapsLost: 1, gapMessages: 3, messagesLost: 3 });
  });

  describe('epochs', () => {
    it('delivers the rest of the old epoch and then the new one', async () => {
      await feeds.acquire(ROOM);
      const old = store(2);
      const newer = [broker.store(ROOM, EPOCH + 5), broker.store(ROOM)];
      broker.arrive(ROOM, ...newer);
      await heard.until('all messages', () => heard.messages.length === 4);
      expect(texts()).to.deep.equal([...old, ...newer].map(({ epoch, seq }) => `${epoch}-${seq}`));
    });

    it('goes back to smaller numbers with a new epoch', async () => {
      await feeds.acquire(ROOM);
      broker.arrive(ROOM, ...store(5));
      // Redis returned with the first two of them.
      broker.rooms.get(ROOM)?.splice(2);
      broker.positions.set(ROOM, { epoch: EPOCH, seq: 12 });
      const newer = broker.store(ROOM, EPOCH + 5);
      broker.arrive(ROOM, newer);
      await heard.until('the new message', () => heard.messages.length === 6);
      expect(texts()).to.deep.equal([...expected(11, 15), `${EPOCH + 5}-13`]);
      expect(feeds.position(ROOM)).to.deep.equal({ epoch: EPOCH + 5, seq: 13 });
    });

    it("reports its position when it queries the room's standing", async () => {
      await feeds.acquire(ROOM);
      broker.arrive(ROOM, ...store(5));
      broker.rooms.get(ROOM)?.splice(2);
      broker.positions.set(ROOM, { epoch: EPOCH, seq: 12 });
      broker.listener?.onResumed();
      await until('a new epoch', () => feeds.position(ROOM)?.epoch === EPOCH + 1);
      broker.arrive(ROOM, broker.store(ROOM));
      expect(texts()).to.deep.equal([...expected(11, 15), `${EPOCH + 1}-13`]);
    });

    it('drops late arrivals of an older epoch', async () => {
      await feeds.acquire(ROOM);
      const late = broker.store(ROOM);
      const newer = broker.store(ROOM, EPOCH + 5);
      broker.arrive(ROOM, newer);
      await heard.until('both messages', () => heard.messages.length === 2);
      broker.arrive(ROOM, late, { ...late, seq: 99 }, ...store(1));
      await heard.until('one more', () => heard.messages.length === 3);
      expect(texts()).to.deep.equal([`${EPOCH}-11`, `${EPOCH + 5}-12`, `${EPOCH + 5}-13`]);
    });
  });
});
