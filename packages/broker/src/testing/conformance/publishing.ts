import { failure } from '@chorus/testing';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { BacklogFullError, type Broker, type Position, type Published } from '../../broker.js';
import type { RoomDirectory } from '../../room-directory.js';
import { Recorder, someRoom } from '../recorder.js';
import type { BrokerFixture, MakeBrokerFixture } from './fixture.js';

const BODY = '"content":"naïve"}';
/** Bytes that one such message counts. */
const COST = Buffer.byteLength(BODY) + 128;
const BUDGET_MESSAGES = 4;

const repeated = (position: Position): Published => ({ ...position, repeated: true });

/**
 * Mocha tests of how every broker recognises repeated messages, and refuses messages that it cannot keep.
 * @param budget false for a broker that stores every message at once, so that none waits
 */
export function describePublishing(name: string, makeFixture: MakeBrokerFixture, budget = true): void {
  describe(`publishing: ${name}`, () => {
    let fixture: BrokerFixture;
    let directory: RoomDirectory;
    let recorder: Recorder;
    let broker: Broker;
    let roomId: number;

    const open = async (maxBacklogBytes?: number): Promise<void> => {
      fixture = await makeFixture(maxBacklogBytes === undefined ? {} : { maxBacklogBytes });
      directory = fixture.directory();
      await directory.markComplete();
      recorder = new Recorder();
      broker = await fixture.connect(recorder);
      roomId = someRoom();
      await directory.ensure(roomId, 0);
      await broker.subscribe(roomId);
    };

    afterEach(() => fixture.close());

    /** Expects that every message published so far, and nothing else, has been delivered. */
    const expectDelivered = async (...seqs: number[]): Promise<void> => {
      const notices = recorder.notices.length;
      await broker.publishNotice(roomId, '{}');
      await recorder.until('a notice behind all messages', () => recorder.notices.length > notices);
      expect(recorder.seqs(roomId)).to.deep.equal(seqs);
      expect((await broker.position(roomId)).seq).to.equal(seqs.at(-1) ?? 0);
    };

    describe('with keys', () => {
      beforeEach(() => open());

      it('answers a repeated message with its first position, on every node', async () => {
        const other = await fixture.connect(new Recorder());
        const first = await broker.publish(roomId, BODY, '7:a');
        const second = await other.publish(roomId, BODY, '7:b');
        expect(await other.publish(roomId, '"another":"body"}', '7:a')).to.deep.equal(repeated(first));
        expect(await broker.publish(roomId, BODY, '7:b')).to.deep.equal(repeated(second));
        expect(await broker.publish(roomId, BODY, '7:a')).to.deep.equal(repeated(first));
        expect([first.seq, second.seq]).to.deep.equal([1, 2]);
        await expectDelivered(1, 2);
      });

      it('recognises a repetition within one batch', async () => {
        const keys = ['k', undefined, 'k', 'l', 'k', undefined, 'l', 'm'];
        const send = (): Promise<Published[]> =>
          Promise.all(keys.map((key) => broker.publish(roomId, BODY, key)));
        const first = await send();
        expect(first.map(({ seq }) => seq)).to.deep.equal([1, 2, 1, 3, 1, 4, 3, 5]);
        expect(first.flatMap(({ repeated }, n) => (repeated ? [n] : []))).to.deep.equal([2, 4, 6]);
        const again = await send();
        expect(again.map(({ seq }) => seq)).to.deep.equal([1, 6, 1, 3, 1, 7, 3, 5]);
        expect(again.flatMap(({ repeated }, n) => (repeated ? [] : [n]))).to.deep.equal([1, 5]);
        await expectDelivered(1, 2, 3, 4, 5, 6, 7);
      });

      it('finds a message by its key, on every node', async () => {
        const other = await fixture.connect(new Recorder());
        const first = await broker.publish(roomId, BODY, '7:a');
        expect(await other.publishedWith(roomId, '7:a')).to.deep.equal(first);
        expect(await other.publishedWith(roomId, '7:b')).to.equal(undefined);
        expect(await other.publishedWith(roomId + 64, '7:a')).to.equal(undefined);
      });

      it('keeps messages without keys apart', async () => {
        const positions = await Promise.all([1, 2, 3].map(() => broker.publish(roomId, BODY)));
        expect(positions.map(({ seq }) => seq)).to.deep.equal([1, 2, 3]);
      });

      it('takes a key in another room for another message', async () => {
        const other = roomId + 64;
        await directory.ensure(other, 10);
        const [here, there] = await Promise.all([
          broker.publish(roomId, BODY, 'k'),
          broker.publish(other, BODY, 'k'),
        ]);
        expect([here.seq, there.seq]).to.deep.equal([1, 11]);
        expect(await broker.publish(other, BODY, 'k')).to.deep.equal(repeated(there));
      });

      it('recognises a message after the room got a new epoch', async () => {
        const first = await broker.publish(roomId, BODY, 'k');
        const moved = await broker.position(roomId, { ...first, seq: first.seq + 5 });
        expect(moved.epoch).to.be.above(first.epoch);
        expect(await broker.publish(roomId, BODY, 'k')).to.deep.equal(repeated(first));
        expect(await broker.publish(roomId, BODY, 'l')).to.deep.equal({ epoch: moved.epoch, seq: 2 });
      });

      it('knows no keys of a room that was removed and created again', async () => {
        const before = await broker.publish(roomId, BODY, 'k');
        await directory.remove(roomId);
        expect(await failure(broker.publish(roomId, BODY, 'k'))).to.have.property(
          'name',
          'RoomNotFoundError',
        );
        await directory.ensure(roomId, 0);
        const after = await broker.publish(roomId, BODY, 'k');
        expect(after.seq).to.equal(1);
        expect(after.epoch).to.be.above(before.epoch);
      });
    });

    if (!budget) return;

    describe('within a budget', () => {
      beforeEach(() => open(BUDGET_MESSAGES * COST));

      const fill = (): Promise<Position[]> =>
        Promise.all(Array.from({ length: BUDGET_MESSAGES }, (_, n) => broker.publish(roomId, BODY, `${n}`)));

      it('refuses messages that do not fit, in every room, and loses nothing', async () => {
        const other = roomId + 64;
        await directory.ensure(other, 0);
        const places = await fill();
        for (const refused of [roomId, other]) {
          expect(await failure(broker.publish(refused, BODY))).to.be.instanceOf(BacklogFullError);
          expect(await failure(broker.publish(refused, BODY, 'new'))).to.be.instanceOf(BacklogFullError);
        }
        const all = places.map(({ seq }) => seq);
        await expectDelivered(...all);
        expect((await broker.position(other)).seq).to.equal(0);
      });

      it('stores the first messages of a batch, as many as fit', async () => {
        const results = await Promise.allSettled(
          Array.from({ length: BUDGET_MESSAGES + 3 }, () => broker.publish(roomId, BODY)),
        );
        expect(
          results.map((result) => (result.status === 'fulfilled' ? result.value.seq : 'refused')),
        ).to.deep.equal([
          ...Array.from({ length: BUDGET_MESSAGES }, (_, n) => n + 1),
          ...Array(3).fill('refused'),
        ]);
        await expectDelivered(1, 2, 3, 4);
      });

      it('still answers repeated messages', async () => {
        const places = await fill();
        const again = await Promise.allSettled(
          ['new', '0', '3'].map((key) => broker.publish(roomId, BODY, key)),
        );
        expect(again[0]).to.have.property('reason').instanceOf(BacklogFullError);
        expect(again.slice(1)).to.deep.equal(
          [places[0], places[3]].map((value) => ({
            status: 'fulfilled',
            value: { ...value, repeated: true },
          })),
        );
      });

      it('accepts a single message that is larger than the budget', async () => {
        const large = `"content":"${'x'.repeat(BUDGET_MESSAGES * COST)}"}`;
        expect((await broker.publish(roomId, large)).seq).to.equal(1);
        expect(await failure(broker.publish(roomId, BODY))).to.be.instanceOf(BacklogFullError);
      });
    });
  });
}
