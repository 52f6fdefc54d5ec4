import { type ChangeParts, encodeChange, isChangeFrame, messageEncoder } from '@chorus/protocol';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { Backlog } from '../../archive-queue.js';
import type { Broker, Position, StoredMessage } from '../../broker.js';
import type { MirroredRoom, RoomDirectory } from '../../room-directory.js';
import { type Recorder, someRoom } from '../recorder.js';
import { type BrokerFixture, type MakeBrokerFixture, openRooms } from './fixture.js';

const NOWHERE: Position = { epoch: 0, seq: 0 };
const FAR_AWAY: Position = { epoch: Number.MAX_SAFE_INTEGER, seq: 0 };
/** An epoch of the database that Redis never gave out. */
const LATER = 9_000_000_000_000;
const KEEP = { size: 1_000, maxAgeMs: 0 };
const ANN = { id: 3, username: 'ann' };

/** Mocha tests of messages and changes in one stream, for every broker with its directory and queue. */
export function describeEntries(name: string, makeFixture: MakeBrokerFixture): void {
  describe(`entries: ${name}`, () => {
    let fixture: BrokerFixture;
    let directory: RoomDirectory;
    let recorder: Recorder;
    let broker: Broker;
    let roomId: number;

    beforeEach(async () => {
      ({ fixture, directory, recorder, broker } = await openRooms(makeFixture));
      await directory.markComplete();
      roomId = someRoom();
      await directory.ensure(roomId, 0, 1);
      await broker.subscribe(roomId);
    });

    afterEach(() => fixture.close());

    const message = (content: string, room = roomId): string =>
      messageEncoder(room, ANN)({ content, id: 'x', sentAt: 1_767_225_600_000 });
    const change = (reaction: string, room = roomId): string => {
      const target = { epoch: 1, seq: 1 };
      const parts: ChangeParts = { change: 'reacted', target, reaction, id: 'x', sentAt: 1_767_225_600_000 };
      return encodeChange(room, ANN, parts);
    };
    const publishAll = (...bodies: string[]): Promise<Position[]> =>
      Promise.all(bodies.map((body) => broker.publish(roomId, body)));
    const texts = (frames: readonly StoredMessage[]): string[] =>
      frames.map(({ frame }) => Buffer.from(frame).toString());
    const read = (after = NOWHERE, upTo = FAR_AWAY, limit = 1_000): Promise<StoredMessage[]> =>
      broker.between(roomId, after, upTo, limit);
    /** Each entry of the history: `m` and the ordinal of a message, `c` for a change, `e` for an erased entry; and its number. */
    const shape = (frames: readonly StoredMessage[]): string =>
      texts(frames)
        .map((text) => {
          const { seq, n = seq, type, change: kind } = JSON.parse(text);
          return type === 'message' ? `${seq}m${n}` : `${seq}${kind === 'erased' ? 'e' : 'c'}`;
        })
        .join(' ');
    const expectLiveAsStored = async (): Promise<void> => {
      const stored = texts(await read());
      await recorder.until('all entries', () => recorder.messages.length >= stored.length);
      expect(recorder.messages.map(({ text }) => text)).to.deep.equal(stored);
    };
    const claim = async (): Promise<Backlog> => {
      const [backlog] = await fixture.queue().claim(10, 1_000, 1);
      if (backlog === undefined) throw new Error('nothing waits');
      return backlog;
    };

    it('leaves the frames of a room without changes as they are', async () => {
      const [first, second] = await publishAll(message('a'), message('b'));
      expect(texts(await read())).to.deep.equal(
        [first, second].map(
          (at, index) => `{"seq":${at?.seq},"epoch":${at?.epoch},${message(index === 0 ? 'a' : 'b')}`,
        ),
      );
      await expectLiveAsStored();
      expect((await claim()).messages.map(({ changes }) => changes)).to.deep.equal([undefined, undefined]);
    });

    it('numbers messages and changes together, and messages by themselves', async () => {
      await publishAll(message('a'), change('x'), message('b'), message('c'), change('y'), change('z'));
      await publishAll(message('d'));
      await publishAll(change('w'));
      await publishAll(message('e'), message('f'));
      const entries = await read();
      expect(shape(entries)).to.equal('1m1 2c 3m2 4m3 5c 6c 7m4 8c 9m5 10m6');
      expect(texts(entries)[2]).to.match(/^\{"seq":3,"epoch":\d+,"n":2,"type":"message",/);
      expect(texts(entries)[1]).to.match(/^\{"seq":2,"epoch":\d+,"type":"change",/);
      expect(entries.map(({ frame }) => isChangeFrame(frame))).to.deep.equal(
        [0, 1, 0, 0, 1, 1, 0, 1, 0, 0].map(Boolean),
      );
      await expectLiveAsStored();
      const backlog = await claim();
      expect(backlog.messages.map(({ changes = 0 }) => changes)).to.deep.equal([
        0, 1, 1, 1, 2, 3, 3, 4, 4, 4,
      ]);
      expect(backlog.messages[2]?.body).to.equal(message('b'));
      expect(texts(await fixture.history().before(roomId, undefined, 3))).to.deep.equal(
        texts(entries).slice(-3),
      );
    });

    it('numbers the rooms of one batch each by itself', async () => {
      const other = someRoom();
      await directory.ensure(other, 0);
      await Promise.all([
        broker.publish(roomId, change('x')),
        broker.publish(other, message('a', other)),
        broker.publish(roomId, message('b'), '3:b'),
        broker.publish(other, message('c', other), '3:c'),
      ]);
      expect(shape(await read())).to.equal('1c 2m1');
      expect(shape(await broker.between(other, NOWHERE, FAR_AWAY, 10))).to.equal('1m1 2m2');
    });

    it('stores a repeated change once', async () => {
      const first = await broker.publish(roomId, change('x'), '3:x');
      expect(await broker.publish(roomId, change('x'), '3:x')).to.deep.equal({ ...first, repeated: true });
      await publishAll(message('a'));
      expect(shape(await read())).to.equal('1c 2m1');
    });

    it('continues ordinals in a later epoch', async () => {
      const [last] = (await publishAll(message('a'), change('x'), change('y'))).slice(-1);
      const ahead = { epoch: last?.epoch ?? 0, seq: 9 };
      const { epoch } = await broker.position(roomId, ahead);
      expect(await broker.publish(roomId, message('b'))).to.deep.equal({ epoch, seq: 4 });
      expect(shape(await read())).to.equal('1m1 2c 3c 4m2');
    });

    it('begins again when the room is another one', async () => {
      await publishAll(change('x'), message('a'));
      await directory.remove(roomId);
      await directory.ensure(roomId, 0, 2);
      await publishAll(message('b'));
      expect(shape(await read())).to.equal('1m1');
    });

    describe('of the database', () => {
      const mirrored = (seq: number, changes: number): MirroredRoom => ({
        ...{ id: roomId, generation: 1, last: { epoch: LATER, seq }, changes, lastSentAt: 0 },
      });
      const restore = (room: MirroredRoom, bodies: Array<[seq: number, body: string, changes?: number]>) =>
        directory.restore(
          {
            room,
            end: undefined,
            before: 'stored',
            complete: true,
            messages: bodies.map(([seq, body, changes]) => ({
              ...{ epoch: LATER, seq, body, idempotencyKey: '' },
              ...(changes === undefined ? {} : { changes }),
            })),
          },
          1,
        );

      beforeEach(() => directory.remove(roomId));

      it('are restored with their ordinals, which then go on', async () => {
        const room = mirrored(12, 4);
        expect(await directory.bringIn([room], 1)).to.deep.equal([
          { end: undefined, unstored: undefined, needed: undefined },
        ]);
        expect(
          await restore(room, [
            [9, message('a'), 3],
            [10, change('x'), 4],
            [12, message('b'), 4],
          ]),
        ).to.equal(true);
        await publishAll(message('c'), change('y'), message('d'));
        expect(shape(await read())).to.equal('9m6 10c 11e 12m8 13m9 14c 15m10');
      });

      it('count although none of them is restored', async () => {
        expect(await restore(mirrored(12, 4), [])).to.equal(true);
        await publishAll(message('c'));
        expect(shape(await read())).to.equal('13m9');
        expect(await directory.bringIn([mirrored(12, 4)], 1)).to.deep.equal(['whole']);
        await publishAll(change('x'), message('d'));
        expect(shape(await read())).to.equal('13m9 14c 15m10');
      });

      it('never make an ordinal fall when more of them are known than the database counts', async () => {
        expect(await restore(mirrored(12, 4), [[12, message('a'), 4]])).to.equal(true);
        await publishAll(message('b'), message('c'));
        expect(await directory.bringIn([mirrored(13, 4)], 1)).to.deep.equal(['whole']);
        await publishAll(message('d'));
        expect(shape(await read())).to.equal('12m8 13m9 14m10 15m11');
      });
    });

    describe('that are erased', () => {
      let at: Position[];
      const settle = async (...seqs: number[]): Promise<void> => {
        const backlog = await claim();
        const upTo = backlog.messages.at(-1) ?? backlog.after;
        const erased = at.filter(({ seq }) => seqs.includes(seq));
        await fixture.queue().settle(roomId, upTo, KEEP, backlog, erased);
      };
      const place = (seq: number): Position => ({ epoch: at[0]?.epoch ?? 0, seq });

      beforeEach(async () => {
        at = await publishAll(
          ...[message('secret'), change('x'), message('a'), message('b'), change('y'), message('c')],
        );
      });

      it('leave a change in their place that says so, and nothing of what they were', async () => {
        await settle(2, 3);
        const entries = await read();
        expect(shape(entries)).to.equal('1m1 2e 3e 4m3 5c 6m4');
        expect(texts(entries)[1]).to.equal(
          `{"seq":2,"epoch":${place(2).epoch},"type":"change","change":"erased","roomId":${roomId}}`,
        );
        expect((await fixture.queue().backlog()).bytes).to.equal(0);
      });

      it('are filled at the ends of what is read, and up to the limit', async () => {
        await settle(2, 3, 4);
        expect(shape(await read(place(1), place(3)))).to.equal('2e 3e');
        expect(shape(await read(place(2), place(3)))).to.equal('3e');
        expect(shape(await read(place(2), place(6)))).to.equal('3e 4e 5c 6m4');
        expect(shape(await read(place(0), place(4)))).to.equal('1m1 2e 3e 4e');
        expect(shape(await read(place(1), FAR_AWAY, 2))).to.equal('2e 3e');
        expect(shape(await read(place(1), FAR_AWAY, 4))).to.equal('2e 3e 4e 5c');
        expect(shape(await read(place(4), place(4)))).to.equal('');
        expect(shape(await read(place(6), place(9)))).to.equal('');
      });

      it('are erased once, however often that is asked for', async () => {
        await settle(3);
        await publishAll(message('d'));
        await settle(3, 4);
        await publishAll(message('e'));
        await settle(3, 4);
        expect(shape(await read())).to.equal('1m1 2c 3e 4e 5c 6m4 7m5 8m6');
      });

      it('count for the size of the recent history', async () => {
        await settle(2, 3, 6);
        await publishAll(message('d'), message('e'));
        const backlog = await claim();
        const upTo = backlog.messages.at(-1) ?? backlog.after;
        await fixture.queue().settle(roomId, upTo, { size: 5, maxAgeMs: 0 }, backlog);
        expect(shape(await read())).to.equal('4m3 5c 6e 7m5 8m6');
      });

      it('may be what waited first', async () => {
        await settle(1, 2);
        expect((await fixture.queue().backlog()).bytes).to.equal(0);
        expect(shape(await read(place(2)))).to.equal('3m2 4m3 5c 6m4');
        expect(await fixture.queue().claim(10, 10, 1)).to.deep.equal([]);
      });
    });
  });
}
