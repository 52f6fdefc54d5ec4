import { encodeChange, messageEncoder } from '@chorus/protocol';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { type Broker, type Position, RoomNotFoundError } from '../../broker.js';
import type { ReadPositions } from '../../read-positions.js';
import type { RoomDirectory } from '../../room-directory.js';
import { type Recorder, someRoom } from '../recorder.js';
import { type BrokerFixture, type MakeBrokerFixture, openRooms } from './fixture.js';

const ANN = { id: 3, username: 'ann' };
const BOB = 4;
const NOWHERE: Position = { epoch: 0, seq: 0 };

/** Mocha tests of read positions, for every broker with its directory. */
export function describeReadPositions(name: string, makeFixture: MakeBrokerFixture): void {
  describe(`read positions: ${name}`, () => {
    let fixture: BrokerFixture;
    let directory: RoomDirectory;
    let recorder: Recorder;
    let broker: Broker;
    let reads: ReadPositions;
    let roomId: number;
    let at: Position[];

    const newRoom = async (size: 'small' | 'large'): Promise<void> => {
      roomId = someRoom();
      await directory.ensure(roomId, 0, 1, 'private', size);
      await broker.subscribe(roomId);
      const encode = messageEncoder(roomId, ANN);
      const message = (): string => encode({ content: 'x', id: 'x', sentAt: 1_767_225_600_000 });
      const topic = { change: 'room-changed', topic: 'x', id: 'x', sentAt: 1_767_225_600_000 } as const;
      at = [];
      const change = encodeChange(roomId, ANN, topic);
      // Ordinals: 0, 1, 2, 2, 3, 4.
      for (const body of [change, message(), message(), change, message(), message()]) {
        at.push(await broker.publish(roomId, body));
      }
    };
    const place = (nth: number): Position => {
      const { epoch, seq } = at[nth - 1] ?? NOWHERE;
      return { epoch, seq };
    };
    const mark = (position: Position, unread = false) => reads.mark(roomId, ANN.id, position, unread);
    const held = async () => (await reads.ofUser(ANN.id, [roomId])).get(roomId);

    beforeEach(async () => {
      ({ fixture, directory, recorder, broker } = await openRooms(makeFixture));
      await directory.markComplete();
      await broker.watchActivity();
      reads = fixture.reads();
      await newRoom('small');
    });

    afterEach(() => fixture.close());

    it('have the ordinal of the last message up to them', async () => {
      expect(await held()).to.equal(undefined);
      for (const [nth, n] of [
        [1, 0],
        [4, 2],
        [5, 3],
        [6, 4],
      ] as const) {
        const expected = { ...place(nth), n, unreadAt: undefined };
        expect(await mark(place(nth))).to.deep.equal(expected);
        expect(await held()).to.deep.equal(expected);
      }
      expect(await reads.ofRoom(roomId, [ANN.id, BOB])).to.deep.equal(new Map([[ANN.id, await held()]]));
    });

    it('beyond the newest entry are that of the newest', async () => {
      const { epoch, seq } = place(6);
      for (const far of [
        { epoch, seq: seq + 1 },
        { epoch: epoch + 1, seq: 0 },
        { epoch: Number.MAX_SAFE_INTEGER, seq: Number.MAX_SAFE_INTEGER },
      ]) {
        expect(await mark(far)).to.deep.equal({ ...place(6), n: 4, unreadAt: undefined });
      }
    });

    it('of a room without entries are the position of the room', async () => {
      roomId = someRoom();
      await directory.ensure(roomId, 7);
      const position = await broker.position(roomId);
      expect(await mark({ epoch: Number.MAX_SAFE_INTEGER, seq: 1 })).to.deep.include({ ...position, n: 7 });
    });

    it('without an entry have no ordinal, except the beginning', async () => {
      expect(await mark(NOWHERE)).to.deep.equal({ ...NOWHERE, n: 0, unreadAt: undefined });
      const before = { epoch: place(1).epoch - 1, seq: 12 };
      expect(await mark(before)).to.deep.equal({ ...before, n: undefined, unreadAt: undefined });
    });

    it('never move backwards', async () => {
      await mark(place(5));
      expect(await mark(place(3))).to.deep.equal({ ...place(5), n: 3, unreadAt: undefined });
      expect(await mark(place(5))).to.deep.equal({ ...place(5), n: 3, unreadAt: undefined });
      expect(await held()).to.deep.include(place(5));
    });

    it('move backwards when messages are marked as unread, and forwards from there', async () => {
      await mark(place(5));
      expect(await mark(place(2), true)).to.deep.equal({ ...place(2), n: 1, unreadAt: place(6) });
      expect(await mark(place(3))).to.deep.equal({ ...place(3), n: 2, unreadAt: place(6) });
      expect(await mark(NOWHERE, true)).to.deep.equal({ ...NOWHERE, n: 0, unreadAt: place(6) });
    });

    it('of an unknown room are refused', async () => {
      const unknown = await reads.mark(someRoom(), 3, place(2), false).catch((error: unknown) => error);
      expect(unknown).to.be.instanceOf(RoomNotFoundError);
    });

    it('reach nodes that watch the activity, and sockets in small rooms', async () => {
      await mark(place(5));
      await mark(place(3));
      await mark(place(2), true);
      const reading = () => recorder.activities.filter(({ kind }) => kind === 'read');
      await recorder.until('both', () => reading().length === 2 && recorder.notices.length === 2);
      const about = { roomId, userId: ANN.id };
      expect(reading()).to.deep.equal([
        { kind: 'read', ...about, ...place(5), n: 3, unread: false },
        { kind: 'read', ...about, ...place(2), n: 1, unread: true },
      ]);
      expect(recorder.notices.map(({ text }) => JSON.parse(text))).to.deep.equal([
        { type: 'read', ...about, ...place(5), n: 3 },
        { type: 'read', ...about, ...place(2), n: 1, unread: true },
      ]);
    });

    it('reach no socket in a large room', async () => {
      await newRoom('large');
      await mark(place(5));
      await broker.publishNotice(roomId, '{"last":1}');
      await recorder.until('the last notice', () => recorder.notices.length > 0);
      expect(recorder.notices.map(({ text }) => text)).to.deep.equal(['{"last":1}']);
    });

    it('are settled unless they have changed since', async () => {
      await mark(place(2));
      await reads.mark(roomId, BOB, place(3), false);
      const before = await reads.unsettled(100_000);
      expect(before.map(({ userId, n }) => [userId, n])).to.have.deep.members([
        [ANN.id, 1],
        [BOB, 2],
      ]);
      await mark(place(3));
      await reads.settle(before);
      expect([...(await reads.ofRoom(roomId, [ANN.id, BOB])).keys()]).to.deep.equal([ANN.id]);
      // A later mark counts as another one, even if it is equal.
      const [old] = await reads.unsettled(100_000);
      await reads.settle(await reads.unsettled(100_000));
      await mark(place(3));
      await reads.settle(old === undefined ? [] : [old]);
      expect(await held()).to.deep.include(place(3));
      await reads.settle([]);
    });

    it('are unsettled in parts that a limit bounds', async () => {
      for (let user = 1; user <= 30; user++) await reads.mark(roomId, user, place(2), false);
      const seen = new Set<number>();
      while (seen.size < 30) {
        const some = await reads.unsettled(10);
        expect(some.length).to.be.within(1, 10);
        for (const { userId } of some) seen.add(userId);
        await reads.settle(some);
      }
      expect(await reads.unsettled(10)).to.deep.equal([]);
    });
  });
}
