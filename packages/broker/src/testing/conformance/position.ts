import { failure } from '@chorus/testing';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { type Broker, type Position, RoomNotFoundError } from '../../broker.js';
import type { RoomDirectory } from '../../room-directory.js';
import { someRoom } from '../recorder.js';
import { type BrokerFixture, createRoom, type MakeBrokerFixture, openRooms, publishMany } from './fixture.js';

/** Mocha tests of the positions of rooms in every {@link Broker}. */
export function describePositions(name: string, makeFixture: MakeBrokerFixture): void {
  describe(`positions: ${name}`, () => {
    let fixture: BrokerFixture;
    let directory: RoomDirectory;
    let broker: Broker;

    beforeEach(async () => {
      ({ fixture, directory, broker } = await openRooms(makeFixture));
    });

    afterEach(() => fixture.close());

    const newRoom = (seq?: number): Promise<number> => createRoom(directory, seq);

    it('of many rooms can be queried concurrently', async () => {
      await directory.markComplete();
      const rooms = await Promise.all(Array.from({ length: 500 }, (_, n) => newRoom(n * 2)));
      const missing = someRoom();
      const first = await Promise.all(rooms.map((roomId) => broker.position(roomId)));
      expect(first.map(({ seq }) => seq)).to.deep.equal(rooms.map((_, n) => n * 2));

      // Every other room ends before the position that the caller has seen.
      const seen = first.map(({ epoch, seq }, n): Position => ({ epoch, seq: seq + (n % 2) }));
      const [refused, ...again] = await Promise.all([
        failure(broker.position(missing)),
        ...rooms.map((roomId, n) => broker.position(roomId, seen[n])),
      ]);
      expect(refused).to.be.instanceOf(RoomNotFoundError).with.property('roomId', missing);
      expect(again.map(({ seq }) => seq)).to.deep.equal(rooms.map((_, n) => n * 2));
      expect(again.map(({ epoch }, n) => epoch > (first[n]?.epoch ?? 0))).to.deep.equal(
        rooms.map((_, n) => n % 2 === 1),
      );
      expect(await Promise.all(rooms.map((roomId) => broker.position(roomId)))).to.deep.equal(again);
    });

    it('keeps the epoch if the position seen is in the history', async () => {
      const roomId = await newRoom();
      await publishMany(broker, roomId, 3);
      const now = await broker.position(roomId);
      expect(await broker.position(roomId, now)).to.deep.equal(now);
      expect(await broker.position(roomId, { epoch: now.epoch, seq: 1 })).to.deep.equal(now);
      expect(await broker.position(roomId, { epoch: now.epoch - 1, seq: 100 })).to.deep.equal(now);
    });

    it('begins an epoch if the position seen is not in the history, and loses nothing by it', async () => {
      const roomId = await newRoom();
      await publishMany(broker, roomId, 3);
      const old = await broker.position(roomId);
      const moved = await broker.position(roomId, { epoch: old.epoch, seq: 10 });
      expect(moved.seq).to.equal(3);
      expect(moved.epoch).to.be.above(old.epoch);
      expect(await broker.position(roomId)).to.deep.equal(moved);
      const later = await broker.position(roomId, { epoch: moved.epoch + 5, seq: 1 });
      expect(later.epoch).to.be.above(moved.epoch + 5);

      const next = await broker.publish(roomId, '"a":1}');
      expect(next).to.deep.equal({ epoch: later.epoch, seq: 4 });
      const read = async (after: number, limit: number): Promise<string[]> =>
        (await broker.between(roomId, { epoch: old.epoch, seq: after }, next, limit)).map(
          ({ epoch, seq }) => `${epoch === old.epoch ? 'old' : 'new'} ${seq}`,
        );
      expect(await read(1, 10)).to.deep.equal(['old 2', 'old 3', 'new 4']);
      expect(await read(1, 2)).to.deep.equal(['old 2', 'old 3']);
      expect(await read(10, 10)).to.deep.equal(['new 4']);
    });
  });
}
