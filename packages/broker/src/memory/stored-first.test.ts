import { setTimeout as sleep } from 'node:timers/promises';
import { UnavailableError } from '@chorus/redis';
import { failure } from '@chorus/testing';
import { expect } from 'chai';
import { type Broker, type Published, RoomNotFoundError } from '../broker.js';
import type { UserReadMark } from '../read-positions.js';
import { Recorder } from '../testing/recorder.js';
import { MemoryBroker } from './broker.js';
import { MemoryReadPositions } from './read-positions.js';
import { MemoryRoomStore } from './room-store.js';
import type { StoredKey } from './stored-first.js';

const KEEP = { size: 1_000, maxAgeMs: 0 };
const BODY = '"content":"x"}';

describe('rooms in memory that store first', () => {
  let rooms: MemoryRoomStore;
  let broker: Broker;
  let recorder: Recorder;
  let begun: number;
  let reason: string | undefined;

  const open = async (timeoutMs = 5_000, keys = new Map<number, StoredKey[]>()): Promise<void> => {
    begun = 0;
    reason = undefined;
    rooms = new MemoryRoomStore({
      newestEpoch: 9_000_000_000_000_000,
      storedFirst: {
        begin: () => begun++,
        beginReads: () => begun++,
        failure: () => reason,
        timeoutMs,
        keys,
      },
    });
    rooms.ensure(1, 0);
    rooms.complete = true;
    recorder = new Recorder();
    broker = new MemoryBroker(rooms);
    broker.listen(recorder);
    await broker.subscribe(1);
  };
  beforeEach(() => open());

  /** Stores up to that number of waiting messages. */
  const store = (most = 1_000): void => {
    for (const { roomId, messages } of rooms.claim(10, most, 0)) {
      const last = messages.at(-1);
      if (last !== undefined) rooms.settle(roomId, last, KEEP);
    }
  };
  /** The result of a publish so far. */
  const outcomeOf = (publishing: Promise<Published>): (() => unknown) => {
    let outcome: unknown = 'waiting';
    publishing.then(
      ({ seq, repeated }) => {
        outcome = repeated ? [seq] : seq;
      },
      (error: unknown) => {
        outcome = error;
      },
    );
    return () => outcome;
  };
  const turn = (): Promise<void> => sleep(5);
  const everywhere = { epoch: Number.MAX_SAFE_INTEGER, seq: 0 };
  const expectNothingSeen = async (): Promise<void> => {
    await turn();
    expect(recorder.messages).to.deep.equal([]);
    expect((await broker.position(1)).seq).to.equal(0);
    expect(await broker.between(1, { epoch: 0, seq: 0 }, everywhere, 10)).to.deep.equal([]);
    expect(rooms.room(1)?.before(undefined, 10)).to.deep.equal([]);
    expect(rooms.room(1)?.from({ epoch: 0, seq: 0 }, 10)).to.deep.equal([]);
  };

  it('neither deliver nor ack a message before it is stored', async () => {
    const outcome = outcomeOf(broker.publish(1, BODY));
    await expectNothingSeen();
    expect([outcome(), begun]).to.deep.equal(['waiting', 1]);
    store();
    await turn();
    expect(outcome()).to.equal(1);
    expect(recorder.seqs(1)).to.deep.equal([1]);
    expect((await broker.position(1)).seq).to.equal(1);
    expect(await broker.stored(1)).to.deep.equal(await broker.position(1));
  });

  it('deliver stored messages in order, and no others', async () => {
    const outcomes = [1, 2, 3, 4].map(() => outcomeOf(broker.publish(1, BODY)));
    store(3);
    await turn();
    expect(outcomes.map((outcome) => outcome())).to.deep.equal([1, 2, 3, 'waiting']);
    expect(recorder.seqs(1)).to.deep.equal([1, 2, 3]);
    store();
    await turn();
    expect(outcomes[3]?.()).to.equal(4);
    expect(recorder.seqs(1)).to.deep.equal([1, 2, 3, 4]);
  });

  it('deliver messages that the history drops as soon as they are stored', async () => {
    for (let n = 0; n < 3; n++) void broker.publish(1, BODY);
    for (const { messages } of rooms.claim(1, 10, 0)) {
      rooms.settle(1, messages.at(-1) ?? everywhere, { size: 1, maxAgeMs: 0 });
    }
    await turn();
    expect(recorder.seqs(1)).to.deep.equal([1, 2, 3]);
  });

  it('ack a message that is repeated while it waits, when it is stored', async () => {
    const first = outcomeOf(broker.publish(1, BODY, 'k'));
    const again = outcomeOf(broker.publish(1, BODY, 'k'));
    await expectNothingSeen();
    expect([first(), again()]).to.deep.equal(['waiting', 'waiting']);
    store();
    await turn();
    expect([first(), again()]).to.deep.equal([1, [1]]);
    expect(recorder.seqs(1)).to.deep.equal([1]);
  });

  it('reject a publish that waits too long with an unknown outcome, and store it once nevertheless', async () => {
    await open(20);
    expect(await failure(broker.publish(1, BODY, 'k'))).to.be.instanceOf(UnavailableError);
    const again = outcomeOf(broker.publish(1, BODY, 'k'));
    store();
    await turn();
    expect(again()).to.deep.equal([1]);
    expect(recorder.seqs(1)).to.deep.equal([1]);
  });

  it('refuse new messages while nothing can be stored, and ack stored ones', async () => {
    const first = outcomeOf(broker.publish(1, BODY, 'k'));
    store();
    await turn();
    expect(first()).to.equal(1);
    reason = 'PostgreSQL does not answer';
    const refused = await failure(broker.publish(1, BODY));
    expect(refused).to.be.instanceOf(UnavailableError).with.property('message').includes(reason);
    expect((await broker.publish(1, BODY, 'k')).repeated).to.equal(true);
    reason = undefined;
    const next = outcomeOf(broker.publish(1, BODY));
    store();
    await turn();
    expect(next()).to.equal(2);
  });

  it('reject a publish whose room is deleted before the message is stored', async () => {
    const publishing = failure(broker.publish(1, BODY));
    rooms.remove(1);
    expect(await publishing).to.be.instanceOf(RoomNotFoundError);
    rooms.ensure(1, 0);
    await expectNothingSeen();
  });

  it('know the keys of messages that were stored before, but not in a later room with that id', async () => {
    const position = { epoch: 5, seq: 7 };
    await open(5_000, new Map([[2, [{ key: '3:k', position }]]]));
    rooms.ensure(2, 7);
    expect(await broker.publish(2, BODY, '3:k')).to.deep.equal({ ...position, repeated: true });
    expect(await broker.stored(2)).to.deep.equal(await broker.position(2));
    const next = outcomeOf(broker.publish(2, BODY, '3:l'));
    store();
    await turn();
    expect(next()).to.equal(8);
    rooms.remove(2);
    rooms.ensure(2, 0);
    const other = outcomeOf(broker.publish(2, BODY, '3:k'));
    store();
    await turn();
    expect(other()).to.equal(1);
  });

  it('neither announce a read position nor resolve before it is stored', async () => {
    void broker.publish(1, BODY);
    store();
    rooms.ensure(1, 1, undefined, 'public', 'small');
    const reads = new MemoryReadPositions(rooms);
    const at = await broker.position(1);
    let stored = 0;
    const marking = [1, 2].map(() => reads.mark(1, 7, at, true).then(() => stored++));
    await turn();
    const [first] = await reads.unsettled(10);
    expect(first).to.include({ roomId: 1, userId: 7, ...at });
    expect([stored, [...(await reads.ofUser(7, [1]))]]).to.deep.equal([0, []]);
    await reads.settle([{ ...first, version: 'of before' } as UserReadMark]);
    await turn();
    expect(stored).to.equal(0);
    await reads.settle(await reads.unsettled(10));
    await Promise.all(marking);
    expect([stored, await reads.unsettled(10)]).to.deep.equal([2, []]);
  });

  it('confirm a read position that another socket of the user has marked only when it is stored', async () => {
    const reads = new MemoryReadPositions(rooms);
    const at = await broker.position(1);
    let confirmed = 0;
    const marking = [1, 2].map(() => reads.mark(1, 7, at, false).then(() => confirmed++));
    await turn();
    expect(confirmed).to.equal(0);
    await reads.settle(await reads.unsettled(10));
    await Promise.all(marking);
    expect(confirmed).to.equal(2);
  });

  it('reject a read position that is not stored in time, and refuse it while nothing can be stored', async () => {
    await open(20);
    const reads = new MemoryReadPositions(rooms);
    const at = { epoch: 1, seq: 0 };
    expect(await failure(reads.mark(1, 7, at, false))).to.be.instanceOf(UnavailableError);
    reason = 'PostgreSQL does not answer';
    const refused = await failure(reads.mark(1, 8, at, false));
    expect(refused).to.be.instanceOf(UnavailableError).with.property('message').includes(reason);
    expect((await reads.unsettled(10)).map(({ userId }) => userId)).to.deep.equal([7]);
  });

  it('begin epochs above all earlier ones, whatever the clock shows', async () => {
    expect((await broker.position(1)).epoch).to.be.above(9_000_000_000_000_000);
  });
});
