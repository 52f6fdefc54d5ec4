import { UnavailableError } from '@chorus/redis';
import { failure } from '@chorus/testing';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { type Broker, RoomNotFoundError } from '../../broker.js';
import type { RoomDirectory } from '../../room-directory.js';
import { Recorder, someRoom } from '../recorder.js';
import { type BrokerFixture, createRoom, type MakeBrokerFixture, openRooms, publishMany } from './fixture.js';

/** Position before every message. */
const NOWHERE = { epoch: 0, seq: 0 };
const FAR_AWAY = { epoch: Number.MAX_SAFE_INTEGER, seq: 0 };

/** Mocha tests of the guarantees of {@link Broker}, together with the directory of its kind. */
export function describeBroker(name: string, makeFixture: MakeBrokerFixture): void {
  describe(`broker: ${name}`, () => {
    let fixture: BrokerFixture;
    let directory: RoomDirectory;
    let recorder: Recorder;
    let broker: Broker;

    beforeEach(async () => {
      ({ fixture, directory, recorder, broker } = await openRooms(makeFixture));
    });

    afterEach(() => fixture.close());

    const newRoom = (seq?: number): Promise<number> => createRoom(directory, seq);

    it('numbers concurrent messages of several nodes consecutively, in one order for all', async () => {
      const roomId = await newRoom();
      const recorders = [recorder, new Recorder(), new Recorder()];
      const brokers = [broker];
      for (const other of recorders.slice(1)) brokers.push(await fixture.connect(other));
      await Promise.all(brokers.map((each) => each.subscribe(roomId)));

      const each = 100;
      const positions = await Promise.all(
        brokers.flatMap((publisher, node) =>
          Array.from({ length: each }, (_, n) => publisher.publish(roomId, `"node":${node},"n":${n}}`)),
        ),
      );
      const all = Array.from({ length: 3 * each }, (_, index) => index + 1);
      expect(positions.map(({ seq }) => seq).sort((a, b) => a - b)).to.deep.equal(all);
      for (const one of recorders) {
        await one.until('all messages', () => one.messages.length === 3 * each);
        expect(one.messages).to.deep.equal(recorder.messages);
        expect(one.seqs(roomId)).to.deep.equal(all);
      }
      // Each publisher's messages keep their order within it.
      expect(positions.slice(0, each).map(({ seq }) => seq)).to.deep.equal(
        positions
          .slice(0, each)
          .map(({ seq }) => seq)
          .sort((a, b) => a - b),
      );
    });

    it('continues from the number that the room came with', async () => {
      const roomId = await newRoom(41);
      const before = await broker.position(roomId);
      expect(before.seq).to.equal(41);
      expect(await broker.publish(roomId, '"a":1}')).to.deep.equal({ epoch: before.epoch, seq: 42 });
      expect(await broker.position(roomId)).to.deep.equal({ epoch: before.epoch, seq: 42 });
    });

    it('delivers and stores identical bytes', async () => {
      const roomId = await newRoom();
      const contents = [
        'plain',
        'naïve 漢字 🙂 \u2028',
        '"quoted" \\ and\nlines\r\n\0',
        'x'.repeat(64 * 1024),
        '\ud800',
      ];
      await broker.subscribe(roomId);
      for (const content of contents) await broker.publish(roomId, `"content":${JSON.stringify(content)}}`);
      await recorder.until('all messages', () => recorder.messages.length === contents.length);

      const { epoch } = await broker.position(roomId);
      const stored = await broker.between(roomId, NOWHERE, { epoch, seq: contents.length }, 10);
      expect(stored.map(({ frame }) => Buffer.from(frame).toString())).to.deep.equal(
        contents.map(
          (content, index) => `{"seq":${index + 1},"epoch":${epoch},"content":${JSON.stringify(content)}}`,
        ),
      );
      expect(stored.map(({ frame }) => Buffer.from(frame).toString())).to.deep.equal(
        recorder.messages.map(({ text }) => text),
      );
      expect(stored.map(({ epoch, seq }) => ({ epoch, seq }))).to.deep.equal(
        recorder.messages.map(({ position }) => position),
      );
    });

    it('accepts the largest room ids', async () => {
      for (const roomId of [1, 2 ** 53 - 1, 2 ** 53 - 2]) {
        await directory.ensure(roomId, 0);
        await broker.subscribe(roomId);
        await broker.publish(roomId, '"a":1}');
        await recorder.until('the message', () => recorder.seqs(roomId).length === 1);
      }
      expect(recorder.messages).to.have.length(3);
    });

    it('knows no room that the directory lacks', async () => {
      await directory.markComplete();
      const roomId = someRoom();
      const known = await newRoom();
      expect(await failure(broker.position(roomId))).to.be.instanceOf(RoomNotFoundError);
      const [refused, accepted] = await Promise.allSettled([
        broker.publish(roomId, '"a":1}'),
        broker.publish(known, '"a":1}'),
      ]);
      expect(refused)
        .to.deep.include({ status: 'rejected' })
        .and.have.property('reason')
        .instanceOf(RoomNotFoundError);
      expect(accepted.status).to.equal('fulfilled');
      expect(await broker.between(roomId, NOWHERE, FAR_AWAY, 10)).to.deep.equal([]);
    });

    it('reports unavailable instead of unknown before all rooms are known', async () => {
      const roomId = someRoom();
      expect(await failure(broker.position(roomId))).to.be.instanceOf(UnavailableError);
      expect(await failure(broker.publish(roomId, '"a":1}'))).to.be.instanceOf(UnavailableError);
      await directory.ensure(roomId, 0);
      expect(await broker.publish(roomId, '"a":1}')).to.include({ seq: 1 });
    });

    it('delivers notices to subscribers, and stores nothing', async () => {
      const roomId = await newRoom();
      const other = new Recorder();
      const otherBroker = await fixture.connect(other);
      await Promise.all([broker.subscribe(roomId), otherBroker.subscribe(roomId)]);
      const before = await broker.position(roomId);
      await broker.publishNotice(roomId, '{"n":1}');
      await otherBroker.publishNotice(roomId, '{"n":2}');
      for (const one of [recorder, other]) {
        await one.until('both notices', () => one.notices.length === 2);
        expect(one.notices.map(({ text }) => text).sort()).to.deep.equal(['{"n":1}', '{"n":2}']);
      }
      expect(await broker.position(roomId)).to.deep.equal(before);
      expect(recorder.messages).to.deep.equal([]);
    });

    it('delivers control events to every node, whatever it is subscribed to', async () => {
      const other = new Recorder();
      await fixture.connect(other);
      await directory.announce({ type: 'room-renamed', roomId: 7, name: 'Ünïque "name"' });
      await directory.announce({ type: 'room-deleted', roomId: 8 });
      await directory.announce({ type: 'room-listed', room: { id: 9, name: '{"}', createdBy: null } });
      await directory.announce({ type: 'room-unlisted', roomId: 9 });
      for (const one of [recorder, other]) {
        await one.until('all events', () => one.events.length === 4);
        expect(one.events).to.deep.equal([
          { type: 'room-renamed', roomId: 7, name: 'Ünïque "name"' },
          { type: 'room-deleted', roomId: 8 },
          { type: 'room-listed', room: { id: 9, name: '{"}', createdBy: null } },
          { type: 'room-unlisted', roomId: 9 },
        ]);
      }
    });

    it('delivers a room only while it is subscribed', async () => {
      const left = await newRoom();
      // Rooms of one partition: messages arrive in the order of publishing.
      const kept = left + 64;
      const never = left + 128;
      await directory.ensure(kept, 0);
      await directory.ensure(never, 0);
      await broker.subscribe(left);
      await broker.subscribe(kept);
      await broker.publish(left, '"a":1}');
      await recorder.until('the first message', () => recorder.messages.length === 1);
      await broker.unsubscribe(left);
      for (const roomId of [left, never, kept]) {
        await broker.publish(roomId, '"a":2}');
        await broker.publishNotice(roomId, '{}');
      }
      await recorder.until('the other room', () => recorder.notices.length === 1);
      expect(recorder.messages.map(({ roomId }) => roomId)).to.deep.equal([left, kept]);

      await broker.subscribe(left);
      await broker.publish(left, '"a":3}');
      await recorder.until('the room again', () => recorder.messages.length === 3);
      expect(recorder.seqs(left)).to.deep.equal([1, 3]);
    });

    it('reads the history by bounds and in pages', async () => {
      const roomId = await newRoom();
      await publishMany(broker, roomId, 20);
      const { epoch } = await broker.position(roomId);
      const read = async (after: number, upTo: number, limit: number): Promise<number[]> =>
        (await broker.between(roomId, { epoch, seq: after }, { epoch, seq: upTo }, limit)).map(
          ({ seq }) => seq,
        );
      expect(await read(0, 20, 100)).to.deep.equal(Array.from({ length: 20 }, (_, n) => n + 1));
      expect(await read(5, 8, 100)).to.deep.equal([6, 7, 8]);
      expect(await read(5, 20, 3)).to.deep.equal([6, 7, 8]);
      expect(await read(18, 2 ** 53 - 1, 10)).to.deep.equal([19, 20]);
      for (const [after, upTo, limit] of [
        [20, 20, 10],
        [20, 30, 10],
        [8, 5, 10],
        [0, 20, 0],
      ] as const) {
        expect(await read(after, upTo, limit)).to.deep.equal([]);
      }
      expect(await broker.between(roomId, { epoch: epoch + 1, seq: 0 }, FAR_AWAY, 10)).to.deep.equal([]);
    });

    it('keeps every message that is not stored elsewhere', async () => {
      const roomId = await newRoom();
      const count = 1_000;
      await publishMany(broker, roomId, count);
      const kept = await broker.between(roomId, NOWHERE, FAR_AWAY, count + 1);
      expect(kept.map(({ seq }) => seq)).to.deep.equal(Array.from({ length: count }, (_, n) => n + 1));
    });

    it('gives a room that is removed and created again a larger epoch and no history', async () => {
      const roomId = await newRoom();
      await broker.subscribe(roomId);
      for (let round = 1; round <= 3; round++) {
        const before = await broker.publish(roomId, '"a":1}');
        await directory.remove(roomId);
        await directory.ensure(roomId, 0);
        const after = await broker.position(roomId);
        expect(after.seq).to.equal(0);
        expect(after.epoch).to.be.above(before.epoch);
        expect(await broker.between(roomId, NOWHERE, FAR_AWAY, 10)).to.deep.equal([]);
      }
      const position = await broker.publish(roomId, '"a":2}');
      await recorder.until('the last message', () => recorder.messages.length === 4);
      expect(recorder.messages.at(-1)?.position).to.deep.equal(position);
      expect(position.seq).to.equal(1);
    });

    it('rejects every call once it is closed, and delivers nothing', async () => {
      const roomId = await newRoom();
      const other = await fixture.connect(new Recorder());
      await broker.subscribe(roomId);
      await broker.close();
      await other.publish(roomId, '"a":1}');
      const failures = await Promise.all(
        [
          broker.publish(roomId, '"a":1}'),
          broker.publishNotice(roomId, '{}'),
          broker.position(roomId),
          broker.between(roomId, NOWHERE, FAR_AWAY, 1),
          broker.subscribe(roomId),
        ].map(failure),
      );
      for (const error of failures) expect(error).to.be.instanceOf(UnavailableError);
      expect(recorder.messages).to.deep.equal([]);
      expect(broker.connected).to.equal(false);
      await broker.close();
    });
  });
}
