import { UnavailableError } from '@chorus/redis';
import { failure } from '@chorus/testing';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { Broker, Position } from '../../broker.js';
import type { MirroredRoom, RestoredMessage, RoomDirectory } from '../../room-directory.js';
import { type Recorder, someRoom } from '../recorder.js';
import { type BrokerFixture, type MakeBrokerFixture, openRooms } from './fixture.js';

const NOWHERE: Position = { epoch: 0, seq: 0 };
const FAR_AWAY: Position = { epoch: Number.MAX_SAFE_INTEGER, seq: 0 };
/** An epoch of the database that this Redis has not reached. */
const LATER = 9_000_000_000_000;

/**
 * Mocha tests of every {@link RoomDirectory} and its {@link Broker}: rooms are compared with the database, and restored
 * from it.
 */
export function describeRestoring(name: string, makeFixture: MakeBrokerFixture): void {
  describe(`restoring rooms: ${name}`, () => {
    let fixture: BrokerFixture;
    let directory: RoomDirectory;
    let recorder: Recorder;
    let broker: Broker;

    beforeEach(async () => {
      ({ fixture, directory, recorder, broker } = await openRooms(makeFixture));
    });

    afterEach(() => fixture.close());

    const room = (last: Position = NOWHERE, generation = 1): MirroredRoom => ({
      id: someRoom(),
      generation,
      last,
      lastSentAt: 0,
    });
    const known = async (generation = 1): Promise<MirroredRoom> => {
      const made = room(NOWHERE, generation);
      await directory.ensure(made.id, 0, generation);
      return made;
    };
    const messages = (from: number, to: number, epoch = LATER): RestoredMessage[] =>
      Array.from({ length: to - from + 1 }, (_, n) => ({
        ...{
          epoch,
          seq: from + n,
          body: `"content":"naïve 🙂 ${from + n}"}`,
          idempotencyKey: `key-${from + n}`,
        },
      }));
    const texts = async (roomId: number): Promise<string[]> =>
      (await broker.between(roomId, NOWHERE, FAR_AWAY, 10_000)).map(({ frame }) =>
        Buffer.from(frame).toString(),
      );

    it('creates missing rooms without messages, each once, with epochs after the time of the database', async () => {
      const rooms = [room(), room(), room()];
      expect(await directory.bringIn(rooms, LATER)).to.deep.equal(['made', 'made', 'made']);
      expect(await directory.bringIn(rooms, 1)).to.deep.equal(['whole', 'whole', 'whole']);
      for (const { id } of rooms) {
        const { at, generation, ...rest } = await broker.standing(id);
        expect([at.seq, generation]).to.deep.equal([0, '1']);
        expect(at.epoch).to.be.at.least(LATER);
        expect(rest).to.include({ kind: 'public', wholeFrom: 0, lost: undefined, settled: false });
      }
      expect(await directory.bringIn([], 1)).to.deep.equal([]);
    });

    it('answers for many rooms at once', async () => {
      const rooms = await Promise.all(
        Array.from({ length: 300 }, (_, n) => (n % 2 === 0 ? known() : room())),
      );
      const outcomes = await directory.bringIn(rooms, 1);
      expect(outcomes).to.deep.equal(rooms.map((_, n) => (n % 2 === 0 ? 'whole' : 'made')));
    });

    it('distinguishes rooms that had one id', async () => {
      const { id } = await known(5);
      expect(await directory.bringIn([{ id, generation: 4, last: NOWHERE, lastSentAt: 0 }], 1)).to.deep.equal(
        ['newer'],
      );
      expect(await directory.bringIn([{ id, generation: 6, last: NOWHERE, lastSentAt: 0 }], 1)).to.deep.equal(
        ['older'],
      );
      await directory.remove(id, 5);
      expect(await directory.bringIn([{ id, generation: 5, last: NOWHERE, lastSentAt: 0 }], 1)).to.deep.equal(
        ['whole'],
      );
      await directory.remove(id, 6);
      expect(await directory.bringIn([{ id, generation: 6, last: NOWHERE, lastSentAt: 0 }], 1)).to.deep.equal(
        ['made'],
      );
      expect(await directory.ensure(id, 0, 6)).to.equal(true);
      expect(await directory.ensure(id, 0, 7)).to.equal(false);
    });

    it('knows the kind of a room for as long as the room exists', async () => {
      const kindOf = async (id: number) => (await broker.standing(id)).kind;
      const [ensured, made, behind] = [room(), room(), room({ epoch: LATER, seq: 3 })];
      const restored = { ...behind, kind: 'private', changes: 1 } as const;
      const about = { room: restored, end: undefined, before: 'stored', complete: true } as const;
      await directory.restore({ ...about, messages: messages(3, 3) }, 1);
      expect(await directory.ensure(ensured.id, 0, 1, 'private')).to.equal(true);
      await directory.bringIn([{ ...made, kind: 'direct' }], 1);
      expect(await kindOf(ensured.id)).to.equal('private');
      expect(await kindOf(made.id)).to.equal('direct');
      expect(await kindOf(behind.id)).to.equal('private');

      await directory.bringIn([{ ...ensured, kind: 'private' }], 1);
      expect(await kindOf(ensured.id)).to.equal('private');
      await directory.remove(ensured.id);
      await directory.ensure(ensured.id, 0, 2);
      expect(await kindOf(ensured.id)).to.equal('public');
      await directory.bringIn([{ ...ensured, generation: 2, kind: 'direct' }], 1);
      expect(await kindOf(ensured.id)).to.equal('direct');
    });

    it('does not remove a room as stale that was brought in', async () => {
      const { id } = await known();
      await directory.remove(id, 'stale');
      expect(await broker.position(id)).to.include({ seq: 0 });
    });

    it('appends missing messages, byte for byte, and continues in a new epoch', async () => {
      const { id } = await known();
      const first = await broker.publish(id, '"a":1}');
      await directory.markComplete();
      await broker.subscribe(id);
      const mirrored = { id, generation: 1, last: { epoch: LATER, seq: 300 }, lastSentAt: 0 };
      const [behind] = await directory.bringIn([mirrored], 1);
      expect(behind).to.deep.equal({ end: first, unstored: first, needed: undefined });
      await fixture.queue().settle(id, first, { size: 1_000, maxAgeMs: 0 });
      expect(await directory.bringIn([mirrored], 1)).to.deep.equal([
        { end: first, unstored: undefined, needed: undefined },
      ]);

      const [early, late] = [messages(2, 150), messages(151, 300)];
      const about = { room: mirrored, before: 'stored' } as const;
      expect(
        await directory.restore({ ...about, end: NOWHERE, messages: early, complete: false }, 1),
      ).to.equal(false);
      expect(await directory.restore({ ...about, end: first, messages: early, complete: false }, 1)).to.equal(
        true,
      );
      const end = { epoch: LATER, seq: 150 };
      expect(await directory.restore({ ...about, end: first, messages: late, complete: true }, 1)).to.equal(
        false,
      );
      expect(await directory.restore({ ...about, end, messages: late, complete: true }, 1)).to.equal(true);

      const expected = [...early, ...late].map(({ seq, body }) => `{"seq":${seq},"epoch":${LATER},${body}`);
      expect((await texts(id)).slice(1)).to.deep.equal(expected);
      const at = await broker.position(id);
      expect(at.seq).to.equal(300);
      expect(at.epoch).to.be.above(LATER);
      expect(await broker.publish(id, '"a":2}')).to.deep.equal({ epoch: at.epoch, seq: 301 });
      // The messages are stored, and known by their keys.
      expect(await broker.stored(id)).to.deep.equal({ epoch: LATER, seq: 300 });
      expect(await broker.publish(id, '"a":3}', 'key-299')).to.deep.equal({
        ...{ epoch: LATER, seq: 299, repeated: true },
      });
      expect(await directory.bringIn([mirrored], 1)).to.deep.equal(['whole']);
      await recorder.until('a nudge', () => recorder.moved.includes(id));
    });

    it('accepts no message in a room that is restored in part, whatever nodes have seen of it', async () => {
      const made = room({ epoch: LATER, seq: 300 });
      const seen = { position: { epoch: LATER, seq: 290 }, generation: '', by: 'node' } as const;
      await failure(broker.standing(made.id, seen));
      await directory.bringIn([made], 1);
      const about = { room: made, before: 'stored' } as const;
      const early = { end: undefined, messages: messages(1, 200), complete: false };
      expect(await directory.restore({ ...about, ...early }, 1)).to.equal(true);
      await directory.markComplete();
      expect(await failure(broker.publish(made.id, '"a":1}'))).to.be.instanceOf(UnavailableError);
      expect(await failure(broker.position(made.id))).to.be.instanceOf(UnavailableError);
      expect(await directory.wanted()).to.include(made.id);
      const late = { end: { epoch: LATER, seq: 200 }, messages: messages(201, 300), complete: true };
      expect(await directory.restore({ ...about, ...late }, 1)).to.equal(true);
      const published = await broker.publish(made.id, '"a":1}');
      expect(published.seq).to.equal(301);
      expect(published.epoch).to.be.above(LATER);
      expect(await texts(made.id)).to.have.length(301);
    });

    it('drops messages that do not join, and keeps the backlog', async () => {
      const [cut, kept] = [await known(), await known()];
      const first = await broker.publish(cut.id, '"a":1}');
      const waiting = await broker.publish(kept.id, '"a":1}');
      const { bytes } = await fixture.queue().backlog();
      const last = { epoch: LATER, seq: 5_000 };
      const some = messages(4_991, 5_000);
      const about = { end: first, messages: some, complete: true } as const;
      await directory.restore({ ...about, room: { ...cut, last }, before: 'cut' }, 1);
      expect(await texts(cut.id)).to.have.length(10);
      // Only the backlog of the other room.
      expect(await fixture.queue().backlog()).to.include({ bytes: bytes / 2 });

      await directory.restore({ ...about, end: waiting, room: { ...kept, last }, before: 'unknown' }, 1);
      expect(await texts(kept.id)).to.have.length(11);
      const backlogs = await fixture.queue().claim(10, 100, 1_000);
      expect(backlogs.find(({ roomId }) => roomId === kept.id)?.messages).to.have.length(11);
    });

    it('leaves entries that can erase texts to an archiver, because the history may have these texts again', async () => {
      const change = (kind: string): string =>
        `"type":"change","change":"${kind}","target":{"epoch":1,"seq":1}}`;
      for (const [body, expected] of [
        ...['deleted', 'edited', 'appended'].map((kind) => [change(kind), 5] as const),
        [change('reacted'), 0],
        [`"content":${JSON.stringify(change('deleted'))}}`, 0],
      ] as const) {
        const { id } = await known();
        await broker.publish(id, '"a":1}');
        await broker.publish(id, body);
        const end = await broker.publish(id, '"a":2}');
        const epoch = end.epoch + 1;
        const mirrored = { id, generation: 1, last: { epoch, seq: 5 }, lastSentAt: 0 };
        await directory.restore(
          { room: mirrored, end, messages: messages(4, 5, epoch), before: 'stored', complete: true },
          1,
        );
        const backlogs = await fixture.queue().claim(10, 100, 1_000);
        const claimed = backlogs.find(({ roomId }) => roomId === id);
        expect(claimed?.messages ?? []).to.have.length(expected);
      }
    });

    it('creates a room from the database alone, and continues after its last message', async () => {
      const made = room({ epoch: LATER, seq: 7 });
      expect(await directory.bringIn([made], 1)).to.deep.equal([
        { end: undefined, unstored: undefined, needed: undefined },
      ]);
      const about = { room: made, end: undefined, before: 'stored', complete: true } as const;
      await directory.restore({ ...about, messages: [] }, 1);
      const at = await broker.position(made.id);
      expect(at.seq).to.equal(7);
      expect(at.epoch).to.be.above(LATER);
      expect(await texts(made.id)).to.deep.equal([]);
    });

    it('lists the rooms that gateways wait for, until they are whole', async () => {
      const [asked, published] = [someRoom(), someRoom()];
      await failure(broker.position(asked));
      await failure(broker.publish(published, '"a":1}'));
      expect((await directory.wanted()).sort()).to.deep.equal([asked, published].sort());
      await directory.bringIn([{ id: asked, generation: 1, last: NOWHERE, lastSentAt: 0 }], 1);
      await directory.remove(published, 'stale');
      expect(await directory.wanted()).to.deep.equal([]);
      await directory.markComplete();
      await failure(broker.position(someRoom()));
      expect(await directory.wanted()).to.deep.equal([]);
    });

    it('reports the messages that a node has seen and the room lacks to all nodes', async () => {
      const { id } = await known();
      await directory.markComplete();
      await broker.subscribe(id);
      const first = await broker.publish(id, '"a":1}');
      const seen = { epoch: first.epoch, seq: 4 };
      const client = await broker.standing(id, { position: seen, generation: '1', by: 'client' });
      expect(client.at).to.deep.equal(first);
      expect(client.lost).to.equal(undefined);
      const other = await broker.standing(id, { position: seen, generation: '2', by: 'node' });
      expect(other.at).to.deep.equal(first);
      const node = await broker.standing(id, { position: seen, generation: '1', by: 'node' });
      expect(node.lost).to.deep.equal(seen);
      expect(node.at.epoch).to.be.above(first.epoch);
      expect(node.wholeFrom).to.equal(node.at.epoch);
      await recorder.until('a nudge', () => recorder.moved.includes(id));
      const again = await broker.standing(id);
      expect({ at: again.at, lost: again.lost }).to.deep.equal({ at: node.at, lost: seen });
    });
  });
}
