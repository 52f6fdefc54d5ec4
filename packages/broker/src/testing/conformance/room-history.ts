import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { Broker, Position, StoredMessage } from '../../broker.js';
import type { RoomHistory } from '../../room-history.js';
import { Recorder, someRoom } from '../recorder.js';
import type { BrokerFixture, MakeBrokerFixture } from './fixture.js';

/** Mocha tests of the guarantees of {@link RoomHistory}. */
export function describeRoomHistory(name: string, makeFixture: MakeBrokerFixture): void {
  describe(`room history: ${name}`, () => {
    let fixture: BrokerFixture;
    let history: RoomHistory;
    let broker: Broker;
    let roomId: number;
    /** Positions of the messages, in order; the last two are of a later epoch. */
    let places: Position[];

    beforeEach(async () => {
      fixture = await makeFixture({});
      history = fixture.history();
      broker = await fixture.connect(new Recorder());
      roomId = someRoom();
      await fixture.directory().ensure(roomId, 0);
      places = [];
      const publish = async (): Promise<void> => {
        places.push(await broker.publish(roomId, `"content":"${places.length + 1} é"}`));
      };
      for (let n = 0; n < 3; n++) await publish();
      await broker.position(roomId, { epoch: at(2).epoch, seq: 100 });
      for (let n = 0; n < 2; n++) await publish();
    });

    afterEach(() => fixture.close());

    const at = (index: number): Position => {
      const place = places[index];
      if (place === undefined) throw new Error(`no message ${index}`);
      return place;
    };

    const seqs = async (messages: Promise<StoredMessage[]>): Promise<number[]> =>
      (await messages).map(({ seq }) => seq);

    it('returns the frames that were delivered, with their positions', async () => {
      const messages = await history.from(roomId, at(0), 10);
      expect(messages.map(({ epoch, seq }) => ({ epoch, seq }))).to.deep.equal(places);
      expect(messages.map(({ frame }) => Buffer.from(frame).toString())).to.deep.equal(
        places.map(({ epoch, seq }) => `{"seq":${seq},"epoch":${epoch},"content":"${seq} é"}`),
      );
      expect(await history.before(roomId, undefined, 10)).to.deep.equal(messages);
    });

    it('returns the last messages before a position, oldest first', async () => {
      expect(await seqs(history.before(roomId, undefined, 2))).to.deep.equal([4, 5]);
      expect(await seqs(history.before(roomId, at(3), 2))).to.deep.equal([2, 3]);
      expect(await seqs(history.before(roomId, at(4), 3))).to.deep.equal([2, 3, 4]);
      expect(await seqs(history.before(roomId, at(0), 3))).to.deep.equal([]);
      // Positions that no message has.
      expect(await seqs(history.before(roomId, { epoch: at(0).epoch, seq: 90 }, 3))).to.deep.equal([1, 2, 3]);
      expect(await seqs(history.before(roomId, { epoch: 0, seq: 0 }, 3))).to.deep.equal([]);
    });

    it('returns the first messages from a position on, that one included', async () => {
      expect(await seqs(history.from(roomId, at(1), 3))).to.deep.equal([2, 3, 4]);
      expect(await seqs(history.from(roomId, at(4), 3))).to.deep.equal([5]);
      expect(await seqs(history.from(roomId, { epoch: 0, seq: 0 }, 2))).to.deep.equal([1, 2]);
      expect(await seqs(history.from(roomId, { epoch: at(0).epoch, seq: 90 }, 3))).to.deep.equal([4, 5]);
      expect(await seqs(history.from(roomId, { ...at(4), seq: 6 }, 3))).to.deep.equal([]);
    });

    it('returns the first messages of many rooms, each from its own position on', async () => {
      const other = someRoom();
      await fixture.directory().ensure(other, 0);
      await broker.publish(other, '"content":"x"}');
      const rooms = [
        { roomId, from: at(1) },
        { roomId: someRoom(), from: at(0) },
        { roomId: other, from: { epoch: 0, seq: 1 } },
        { roomId, from: at(4) },
      ];
      const found = await history.fromEach(rooms, 2);
      expect(found.map((messages) => messages.map(({ seq }) => seq))).to.deep.equal([[2, 3], [], [1], [5]]);
      expect(found[3]).to.deep.equal(await history.from(roomId, at(4), 1));
      expect(await history.fromEach([], 2)).to.deep.equal([]);
      expect(await history.fromEach(rooms.slice(0, 1), 0)).to.deep.equal([[]]);
    });

    it('returns thousands of messages of many rooms', async () => {
      const many = Array.from({ length: 3 }, someRoom);
      for (const each of many) {
        await fixture.directory().ensure(each, 0);
        await Promise.all(Array.from({ length: 600 }, () => broker.publish(each, '"content":"x"}')));
      }
      const from = { epoch: 0, seq: 101 };
      const found = await history.fromEach(
        [roomId, ...many].map((each) => ({ roomId: each, from })),
        550,
      );
      expect(found.map(({ length }) => length)).to.deep.equal([5, 550, 550, 550]);
      expect(found[3]).to.deep.equal(await history.from(many[2] ?? 0, from, 550));
    });

    it('returns nothing for a limit of 0, and for rooms that do not exist', async () => {
      for (const limit of [0, -1]) {
        expect(await history.before(roomId, undefined, limit)).to.deep.equal([]);
        expect(await history.from(roomId, at(0), limit)).to.deep.equal([]);
      }
      expect(await history.before(someRoom(), undefined, 10)).to.deep.equal([]);
      expect(await history.from(someRoom(), at(0), 10)).to.deep.equal([]);
    });
  });
}
