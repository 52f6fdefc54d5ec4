import {
  type ChangeParts,
  encodeChange,
  type Member,
  type MessageParts,
  messageEncoder,
} from '@chorus/protocol';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { Activity } from '../../activity.js';
import type { Broker, Position } from '../../broker.js';
import type { RoomDirectory } from '../../room-directory.js';
import { Recorder, someRoom } from '../recorder.js';
import { type BrokerFixture, type MakeBrokerFixture, openRooms } from './fixture.js';

const ANN = { id: 3, username: 'ann' };
const BOB = { id: 4, username: 'bob' };

/** Mocha tests of news of rooms, for every broker with its directory. */
export function describeActivity(name: string, makeFixture: MakeBrokerFixture): void {
  describe(`activity: ${name}`, () => {
    let fixture: BrokerFixture;
    let directory: RoomDirectory;
    let recorder: Recorder;
    let broker: Broker;
    let roomId: number;

    beforeEach(async () => {
      ({ fixture, directory, recorder, broker } = await openRooms(makeFixture));
      await directory.markComplete();
      await broker.watchActivity();
      roomId = someRoom();
      await directory.ensure(roomId, 0, 1, 'private', 'small');
    });

    afterEach(() => fixture.close());

    const message = (parts: Partial<MessageParts> = {}, by: Member = ANN, room = roomId): string =>
      messageEncoder(room, by)({ content: 'hello', id: 'x', sentAt: 1_767_225_600_000, ...parts });
    const change = (parts: object, by = ANN, room = roomId): string =>
      encodeChange(room, by, { ...parts, id: 'x', sentAt: 1_767_225_600_000 } as ChangeParts);
    const deletion = (n: number): string => {
      const about = { author: { id: 5, username: '","n":77,"' }, n, originalSentAt: 1_767_225_600_000 };
      return change({ change: 'deleted', target: { epoch: 1, seq: n }, ...about });
    };
    /** Publishes one entry after the other, and a last message of BOB in another room. Returns the news before it. */
    const newsOf = async (...bodies: string[]): Promise<Activity[]> => {
      for (const body of bodies) await broker.publish(roomId, body);
      // In a Redis Cluster the order holds within a partition.
      const last = roomId + 64;
      await directory.ensure(last, 0, 1, 'direct', 'small');
      await broker.publish(last, message({}, BOB, last));
      await recorder.until('the last news', () => recorder.activities.at(-1)?.roomId === last);
      return recorder.activities.slice(0, -1);
    };
    const messages = (at: Position, n: number, by = ANN) => ({
      ...{ kind: 'messages', roomId, epoch: at.epoch, seq: at.seq, n, count: 1, mentions: [] },
      senders: [{ userId: by.id, n }],
    });

    it('reports each message in rooms with members that no broker has subscribed to', async () => {
      const first = await broker.publish(roomId, message());
      const second = await broker.publish(roomId, message({}, BOB));
      expect(await newsOf()).to.deep.equal([messages(first, 1), messages(second, 2, BOB)]);
    });

    it('reports nothing in public rooms without members, except their first and last member', async () => {
      const room = roomId + 640;
      await directory.ensure(room, 0, 1);
      const member = { id: 9, username: 'cleo' };
      const added = change({ change: 'member-added', member }, ANN, room);
      const removed = change({ change: 'member-removed', member }, ANN, room);
      await broker.publish(room, message({ mentions: [9, 'room'] }, ANN, room));
      await broker.publish(room, added);
      await broker.publish(room, message({}, ANN, room));
      await directory.setSize(room, 'small');
      const at = await broker.publish(room, message({}, ANN, room));
      await directory.setSize(room, 'empty');
      await broker.publish(room, message({}, ANN, room));
      await broker.publish(room, removed);
      expect(await newsOf()).to.deep.equal([
        { kind: 'added', roomId: room, userId: 9 },
        { ...messages(at, 3), roomId: room },
        { kind: 'removed', roomId: room, userId: 9 },
      ]);
    });

    it('reports the members of a new room', async () => {
      await directory.announceMembers(roomId, [9, 8]);
      await directory.announceMembers(roomId, []);
      expect(await newsOf()).to.deep.equal([
        { kind: 'added', roomId, userId: 9 },
        { kind: 'added', roomId, userId: 8 },
      ]);
    });

    it('gathers the messages of a room that are published together', async () => {
      const bodies = [
        message(),
        message({}, BOB),
        message({ mentions: [7, 'room', 8] }),
        message({ mentions: [3] }, BOB),
      ];
      const positions = await Promise.all(bodies.map((body) => broker.publish(roomId, body)));
      const news = await newsOf();
      const last = positions.at(-1);
      const counted = news.flatMap((each) => (each.kind === 'messages' ? [each] : []));
      expect(counted.reduce((sum, { count }) => sum + count, 0)).to.equal(4);
      expect(counted.at(-1)).to.include({ epoch: last?.epoch, seq: last?.seq, n: 4 });
      const ordinals = new Map(counted.flatMap(({ senders }) => senders.map(({ userId, n }) => [userId, n])));
      expect([ordinals.get(ANN.id), ordinals.get(BOB.id)]).to.deep.equal([3, 4]);
      expect(counted.flatMap(({ mentions }) => mentions)).to.deep.equal([
        { by: ANN.id, users: [7, 8], room: true },
        { by: BOB.id, users: [3], room: false },
      ]);
    });

    it('counts messages by their ordinals, and reports deletions and changes of members in order', async () => {
      const member = { id: 9, username: 'cleo' };
      const seqs: Position[] = [];
      const bodies = [
        message(),
        change({ change: 'reacted', target: { epoch: 1, seq: 1 }, reaction: 'x' }),
        change({ change: 'member-added', member, role: 'owner' }),
        message({}, BOB),
        deletion(1),
        change({ change: 'member-removed', member }),
        change({ change: 'room-changed', topic: 'x' }),
        message(),
      ];
      await Promise.all(bodies.map(async (body, at) => (seqs[at] = await broker.publish(roomId, body))));
      const [first, , , second, deleted, , , last] = seqs;
      if (!first || !second || !deleted || !last) throw new Error('an entry was refused');
      expect(await newsOf()).to.deep.equal([
        messages(first, 1),
        { kind: 'added', roomId, userId: 9 },
        messages(second, 2, BOB),
        { kind: 'deleted', roomId, epoch: deleted.epoch, seq: deleted.seq, n: 2, deleted: 1 },
        { kind: 'removed', roomId, userId: 9 },
        messages(last, 3),
      ]);
    });

    it('reports a message that is sent again once', async () => {
      const at = await broker.publish(roomId, message(), 'key');
      await broker.publish(roomId, message(), 'key');
      expect(await newsOf()).to.deep.equal([messages(at, 1)]);
    });

    it('cannot be forged with content, names or data', async () => {
      const forged = '","mentions":[7],"userId":1,"n":9,"member":{"id":8},"change":"member-removed"';
      const by = { id: 3, username: forged };
      const data = { mentions: [7], userId: 1, type: 'change', change: 'member-removed', member: { id: 8 } };
      const bodies = [
        message({ content: forged }, by),
        message({ content: '\nm 1 1 1 1 1 1:1', data: { userId: 1, nested: { userId: 2 } } }, by),
        message({ content: `\\"${forged}`, mentions: [], data, clientMsgId: 'userId' }, by),
        change({ change: 'edited', target: { epoch: 1, seq: 1 }, content: forged, mentions: [7], data }, by),
        change({ change: 'appended', target: { epoch: 1, seq: 1 }, text: '","change":"member-removed"' }, by),
      ];
      const news = await newsOf(...bodies);
      expect(news.map((each) => ({ ...each, epoch: 0 }))).to.deep.equal(
        [1, 2, 3].map((n) => messages({ epoch: 0, seq: n }, n)),
      );
    });

    it('reaches every broker that watches, and no other', async () => {
      const others = [new Recorder(), new Recorder()];
      const brokers = await Promise.all(others.map((each) => fixture.connect(each)));
      const deaf = new Recorder();
      await fixture.connect(deaf);
      // Watching repeatedly changes nothing.
      await Promise.all([...brokers, ...brokers, broker].map((each) => each.watchActivity()));
      const at = await broker.publish(roomId, message());
      expect(await newsOf()).to.deep.equal([messages(at, 1)]);
      for (const each of others) {
        await each.until('both', () => each.activities.length === 2);
        expect(each.activities[0]).to.deep.equal(messages(at, 1));
      }
      expect(deaf.activities).to.deep.equal([]);
      expect(recorder.activityMissed).to.equal(0);
    });

    it('continues in a room that is brought in again or restored', async () => {
      const now = Date.now();
      const last = { epoch: 0, seq: 0 };
      const room = { id: someRoom(), generation: 1, last, lastSentAt: 0 };
      expect(await directory.bringIn([{ ...room, size: 'small' }], now)).to.deep.equal(['made']);
      const made = await broker.publish(room.id, message({}, ANN, room.id));
      // Read before the first member was added.
      await directory.bringIn([{ ...room, size: 'empty' }], now);
      const kept = await broker.publish(room.id, message({}, ANN, room.id));
      const restored = {
        ...room,
        id: room.id + 64,
        size: 'large',
        last: { epoch: 5, seq: 2 },
        changes: 1,
      } as const;
      const entry = { epoch: 5, seq: 2, body: message({}, ANN, restored.id), idempotencyKey: '', changes: 1 };
      const restoration = { room: restored, messages: [entry], before: 'stored', complete: true } as const;
      expect(await directory.restore({ ...restoration, end: undefined }, now)).to.equal(true);
      const again = await broker.publish(restored.id, message({}, ANN, restored.id));
      await recorder.until('all', () => recorder.activities.length === 3);
      expect(recorder.activities).to.deep.equal([
        { ...messages(made, 1), roomId: room.id },
        { ...messages(kept, 2), roomId: room.id },
        { ...messages(again, 2), roomId: restored.id },
      ]);
    });
  });
}
