import { UnavailableError } from '@chorus/redis';
import { failure, silentLog, until } from '@chorus/testing';
import { expect } from 'chai';
import { openFeeds } from '../testing/feeds.js';
import type { Recorder } from '../testing/recorder.js';
import { ScriptedBroker } from '../testing/scripted-broker.js';
import type { RoomFeedRegistry } from './room-feed-registry.js';

const ROOM = 7;
const PUBLIC_ROOM = 8;
const EPOCH = 1_000;
const LATER = 2_000;

describe('checks of members before what follows missing entries', () => {
  let broker: ScriptedBroker;
  let feeds: RoomFeedRegistry;
  let heard: Recorder;
  let allow: () => void;

  beforeEach(async () => {
    broker = new ScriptedBroker();
    for (const room of [ROOM, PUBLIC_ROOM]) broker.room(room, { epoch: EPOCH, seq: 10 });
    broker.standings.set(ROOM, { kind: 'private' });
    ({ feeds, heard } = await openFeeds(async () => broker, { lingerMs: 30, retryMs: 5, log: silentLog }));
    const allowed = new Promise<void>((resolve) => {
      allow = resolve;
    });
    heard.checking = () => allowed;
    await feeds.acquire(ROOM);
    await feeds.acquire(PUBLIC_ROOM);
  });
  afterEach(() => feeds.close());

  const arrive = (room: number, epoch?: number): void => broker.arrive(room, broker.store(room, epoch));
  const checked = (): Promise<void> => heard.until('the check', () => heard.memberChecks.length > 0);
  const delivered = (room = ROOM): string[] =>
    heard.messages.filter(({ roomId }) => roomId === room).map(({ text }) => text);
  const untilDelivered = (...texts: string[]): Promise<void> =>
    until('the deliveries', () => delivered().join() === texts.join());

  it('hold everything of a new epoch, and then deliver it in order', async () => {
    arrive(ROOM);
    arrive(ROOM, LATER);
    arrive(ROOM);
    await checked();
    arrive(ROOM);
    broker.listener?.onNotice(ROOM, Buffer.from('typing'));
    broker.listener?.onResumed();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(delivered()).to.deep.equal(['1000-11']);
    expect([heard.notices, heard.losses]).to.deep.equal([[], []]);
    allow();
    await untilDelivered('1000-11', '2000-12', '2000-13', '2000-14');
    await heard.until('the notice', () => heard.notices.length === 1);
    expect(heard.memberChecks).to.deep.equal([ROOM]);
  });

  it('are repeated until the members are known', async () => {
    let attempts = 0;
    heard.checking = async () => {
      if (++attempts < 4) throw new UnavailableError('not complete');
    };
    arrive(ROOM, LATER);
    await untilDelivered('2000-11');
    expect(attempts).to.equal(4);
  });

  it('come before a new epoch without entries, and the report of what is lost', async () => {
    broker.positions.set(ROOM, { epoch: LATER, seq: 10 });
    broker.standings.set(ROOM, { kind: 'private', lost: { epoch: EPOCH, seq: 12 } });
    broker.listener?.onMoved?.(ROOM);
    await checked();
    expect(heard.losses).to.deep.equal([]);
    expect(feeds.position(ROOM)).to.deep.equal({ epoch: EPOCH, seq: 10 });
    allow();
    await heard.until('the report', () => heard.losses.length === 1);
    expect(feeds.position(ROOM)).to.deep.equal({ epoch: LATER, seq: 10 });
  });

  it('come before what follows entries that the history does not have any more', async () => {
    for (let n = 0; n < 3; n++) broker.store(ROOM);
    broker.rooms.set(ROOM, []);
    arrive(ROOM);
    await checked();
    expect(delivered()).to.deep.equal([]);
    allow();
    await untilDelivered('1000-14');
    expect(heard.losses.map(({ loss }) => loss.to.seq)).to.deep.equal([13]);
  });

  it('come before entries are skipped that the history lost at its end', async () => {
    broker.store(ROOM);
    const last = broker.store(ROOM);
    // Redis lost both before this gateway could read the first.
    broker.rooms.get(ROOM)?.splice(0);
    broker.arrive(ROOM, last);
    await checked();
    expect([delivered(), heard.losses]).to.deep.equal([[], []]);
    allow();
    await heard.until('the report', () => heard.losses.length === 1);
  });

  it('are not needed for a gap that the history fills, nor in public rooms', async () => {
    broker.store(ROOM);
    arrive(ROOM);
    await untilDelivered('1000-11', '1000-12');
    arrive(PUBLIC_ROOM, LATER);
    await until('the delivery', () => delivered(PUBLIC_ROOM).join() === '2000-11');
    broker.listener?.onNotice(PUBLIC_ROOM, Buffer.from('typing'));
    expect(heard.notices).to.have.length(1);
    expect(heard.memberChecks).to.deep.equal([]);
  });

  it('keep no public room waiting, however many other rooms wait', async () => {
    for (let room = 100; room < 400; room++) {
      broker.room(room, { epoch: EPOCH, seq: 10 });
      broker.standings.set(room, { kind: 'direct' });
      await feeds.acquire(room);
      arrive(room, LATER);
    }
    await heard.until('the checks', () => heard.memberChecks.length === 300);
    arrive(PUBLIC_ROOM, LATER);
    await until('the delivery', () => delivered(PUBLIC_ROOM).join() === '2000-11');
    allow();
    await until('the others', () => heard.messages.length === 301);
  });

  it('fail clients that resume meanwhile from behind them, rather than let them wait', async () => {
    heard.checking = async () => {
      throw new UnavailableError('not complete');
    };
    arrive(ROOM, LATER);
    await checked();
    const error = await failure(feeds.replay(ROOM, { epoch: LATER, seq: 11 }));
    expect(error).to.be.instanceOf(UnavailableError);
  });
});
