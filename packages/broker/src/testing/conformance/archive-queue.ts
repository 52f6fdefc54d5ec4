import { setTimeout as sleep } from 'node:timers/promises';
import { failure } from '@chorus/testing';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { HistoryLimits } from '../../archive-queue.js';
import { BacklogFullError, type Position, RoomNotFoundError } from '../../broker.js';
import { Recorder } from '../recorder.js';
import { ArchiveFixture, COST, FAR_AWAY, LEASE_MS, lastOf, NOWHERE, seqsOf } from './archive.js';
import type { MakeBrokerFixture } from './fixture.js';

const KEEP_ALL: HistoryLimits = { size: 1_000_000, maxAgeMs: 0 };
const BODY = '"content":"x"}';

/** Mocha tests of the guarantees of `ArchiveQueue`. */
export function describeArchiveQueue(name: string, makeFixture: MakeBrokerFixture): void {
  describe(`archive queue: ${name}`, () => {
    let archive: ArchiveFixture;

    beforeEach(async () => {
      archive = await ArchiveFixture.open(makeFixture);
    });
    afterEach(() => archive.close());

    it('hands out messages that are not stored, as they were published', async () => {
      const roomId = await archive.newRoom();
      // A room without messages.
      await archive.newRoom();
      const bodies = ['"content":"é 🙂"}', '"content":"\\n"}', BODY];
      const places: Position[] = [];
      for (const body of bodies) places.push(await archive.broker.publish(roomId, body));
      expect(await archive.claim()).to.deep.equal({
        roomId,
        after: NOWHERE,
        messages: places.map((place, index) => ({ ...place, body: bodies[index] })),
      });
      await archive.expectNothingToClaim();
    });

    it('hands out the longest waiting rooms first', async () => {
      const first = await archive.newRoom();
      // Rooms of one partition whose ids are not in the order of publishing.
      const rooms = [first + 64, first, first + 192, first + 128];
      for (const roomId of rooms) {
        await archive.newRoom(roomId);
        await archive.publish(roomId);
        await sleep(3);
      }
      await archive.publish(first + 128);
      const claimed: number[] = [];
      for (let n = 0; n < 2; n++) {
        claimed.push(...(await archive.queue.claim(2, 10, LEASE_MS)).map(({ roomId }) => roomId));
      }
      expect(claimed).to.deep.equal(rooms);
    });

    it('hands out every room once, however few are claimed at a time', async () => {
      const rooms = new Set(await Promise.all(Array.from({ length: 150 }, () => archive.newRoom())));
      await Promise.all([...rooms].map((roomId) => archive.publish(roomId)));
      for (;;) {
        const claimed = await archive.queue.claim(7, 10, LEASE_MS);
        expect(claimed.length).to.be.at.most(7);
        if (claimed.length === 0) break;
        for (const { roomId } of claimed) expect(rooms.delete(roomId)).to.equal(true);
      }
      expect(rooms.size).to.equal(0);
    });

    it('does not hand out a claimed room, whatever is published', async () => {
      const roomId = await archive.newRoom();
      await archive.publish(roomId);
      await archive.claim();
      await archive.publish(roomId, 3);
      await archive.expectNothingToClaim();
      await archive.expectNothingToClaim(archive.fixture.queue());
    });

    it('hands a room out again when its lease has ended', async () => {
      const roomId = await archive.newRoom();
      const [place] = await archive.publish(roomId);
      const leaseMs = 150;
      const begun = performance.now();
      await archive.claim(10, leaseMs);
      const [again] = await archive.claimDue(LEASE_MS, archive.fixture.queue());
      expect(performance.now() - begun).to.be.at.least(leaseMs - 5);
      expect(again).to.deep.include({ roomId, after: NOWHERE });
      expect(seqsOf(again?.messages ?? [])).to.deep.equal([place?.seq]);
    });

    it('hands a room with many messages out piece by piece', async () => {
      const roomId = await archive.newRoom();
      await archive.publish(roomId, 10);
      const pieces: number[][] = [];
      for (let after = NOWHERE; pieces.length < 3; ) {
        const backlog = await archive.claim(4);
        expect(backlog.after).to.deep.equal(after);
        pieces.push(seqsOf(backlog.messages));
        after = { epoch: lastOf(backlog).epoch, seq: lastOf(backlog).seq };
        await archive.queue.settle(roomId, after, KEEP_ALL);
      }
      expect(pieces).to.deep.equal([
        [1, 2, 3, 4],
        [5, 6, 7, 8],
        [9, 10],
      ]);
      await archive.expectNothingToClaim();
      expect(await archive.queue.backlog()).to.deep.equal({ bytes: 0, rooms: 0 });
    });

    it('hands out a message that was published between claim and settle, and one after it', async () => {
      const roomId = await archive.newRoom();
      for (let round = 1; round <= 5; round += 2) {
        await archive.publish(roomId);
        const backlog = await archive.claim();
        await archive.publish(roomId);
        await archive.queue.settle(roomId, lastOf(backlog), KEEP_ALL);
        const next = await archive.claim();
        expect(seqsOf(next.messages)).to.deep.equal([round + 1]);
        await archive.queue.settle(roomId, lastOf(next), KEEP_ALL);
      }
    });

    it('never lowers a watermark: of two archivers that settle a room the higher position wins', async () => {
      const roomId = await archive.newRoom();
      const places = await archive.publish(roomId, 6);
      await archive.queue.settle(roomId, places[3] as Position, KEEP_ALL);
      await archive.fixture.queue().settle(roomId, places[1] as Position, KEEP_ALL);
      await archive.queue.settle(roomId, NOWHERE, KEEP_ALL);
      expect(await archive.broker.stored(roomId)).to.deep.equal(places[3]);
      expect(await archive.queue.backlog()).to.deep.equal({ bytes: 2 * COST, rooms: 1 });
      const backlog = await archive.claim();
      expect(backlog.after).to.deep.equal(places[3]);
      expect(seqsOf(backlog.messages)).to.deep.equal([5, 6]);
    });

    it('settles no message that is published later, whatever position it gets', async () => {
      const roomId = await archive.newRoom();
      const [first] = await archive.publish(roomId);
      await archive.queue.settle(roomId, { epoch: first?.epoch ?? 0, seq: 1_000 }, KEEP_ALL);
      await archive.queue.settle(roomId, FAR_AWAY, KEEP_ALL);
      expect(await archive.broker.stored(roomId)).to.deep.equal(first);
      await archive.publish(roomId, 2);
      expect(seqsOf((await archive.claim()).messages)).to.deep.equal([2, 3]);
      expect((await archive.queue.backlog()).bytes).to.equal(2 * COST);
    });

    it('measures the backlog: bytes, messages, and the time of the oldest', async () => {
      const nothing = { bytes: 0, rooms: 0, messages: 0, oldestSentAt: undefined };
      expect(await archive.queue.measure()).to.deep.equal(nothing);
      // The numbers of one room continue a history that Redis never had.
      const [old, young] = [await archive.newRoom(), await archive.newRoom(undefined, 700)];
      const body = (sentAt: number): string => `"content":"\\"sentAt\\":1","sentAt":${sentAt}}`;
      const at = 1_700_000_000_000;
      const places: Position[] = [];
      for (const [roomId, sentAt] of [
        [young, at + 50],
        [old, at],
        [old, at + 10],
        [old, at + 90],
      ] as const) {
        places.push(await archive.broker.publish(roomId, body(sentAt)));
      }
      const bytes = body(at).length + 128;
      expect(await archive.queue.measure()).to.deep.equal({
        bytes: 4 * bytes,
        rooms: 2,
        messages: 4,
        oldestSentAt: at,
      });
      // A claim changes nothing, and stored messages no longer count.
      await archive.queue.claim(10, 10, LEASE_MS);
      await archive.queue.settle(old, places[1] as Position, KEEP_ALL);
      const left = { bytes: 3 * bytes, rooms: 2, messages: 3, oldestSentAt: at + 10 };
      expect(await archive.queue.measure()).to.deep.equal(left);
      await archive.queue.settle(old, places[3] as Position, KEEP_ALL);
      await archive.queue.settle(young, places[0] as Position, KEEP_ALL);
      expect(await archive.queue.measure()).to.deep.equal(nothing);
    });

    it('extrapolates from part of the rooms when many wait', async () => {
      const rooms = await Promise.all(Array.from({ length: 300 }, () => archive.newRoom()));
      await Promise.all(rooms.map((roomId) => archive.publish(roomId, 2)));
      const { rooms: counted, messages, bytes } = await archive.queue.measure();
      expect([counted, messages, bytes]).to.deep.equal([300, 600, 600 * COST]);
    });

    it('forgets a removed room, also while it is claimed', async () => {
      const [gone, other] = [await archive.newRoom(), await archive.newRoom()];
      await archive.publish(other);
      await archive.queue.claim(10, 10, LEASE_MS);
      // More messages than one call of the script removes.
      const places = await archive.publish(gone, 2_500);
      const backlog = await archive.claim();
      await archive.queue.settle(gone, places[99] as Position, KEEP_ALL);
      await archive.directory.remove(gone);
      await archive.queue.settle(gone, lastOf(backlog), KEEP_ALL);
      expect(await archive.queue.backlog()).to.deep.equal({ bytes: COST, rooms: 1 });
      await archive.expectNothingToClaim();
      expect(await archive.broker.stored(gone)).to.deep.equal(NOWHERE);
      expect(await failure(archive.broker.position(gone))).to.be.instanceOf(RoomNotFoundError);
    });

    it('settles nothing of a room by positions of an earlier room with its id', async () => {
      const roomId = await archive.newRoom();
      await archive.publish(roomId, 3);
      const before = await archive.claim();
      await archive.queue.settle(roomId, before.messages[0] as Position, KEEP_ALL);
      await archive.directory.remove(roomId);
      await archive.newRoom(roomId);
      await archive.publish(roomId, 2);
      await archive.queue.settle(roomId, lastOf(before), { size: 0, maxAgeMs: 0 });
      expect(await archive.broker.stored(roomId)).to.deep.equal(NOWHERE);
      expect(await archive.kept(roomId)).to.deep.equal([1, 2]);
      expect(await archive.queue.backlog()).to.deep.equal({ bytes: 2 * COST, rooms: 1 });
      const after = await archive.claim();
      expect(after.after).to.deep.equal(NOWHERE);
      expect(seqsOf(after.messages)).to.deep.equal([1, 2]);
    });

    it('changes nothing when a known room is made known', async () => {
      const roomId = await archive.newRoom();
      const places = await archive.publish(roomId, 3);
      await archive.queue.settle(roomId, places[1] as Position, KEEP_ALL);
      await archive.newRoom(roomId, 77);
      expect(await archive.broker.stored(roomId)).to.deep.equal(places[1]);
      expect(seqsOf((await archive.claim()).messages)).to.deep.equal([3]);
    });

    it('frees as much of the budget as is settled', async () => {
      await archive.close();
      archive = await ArchiveFixture.open(makeFixture, 4 * COST);
      const roomId = await archive.newRoom();
      await archive.publish(roomId, 4);
      expect(await failure(archive.broker.publish(roomId, BODY))).to.be.instanceOf(BacklogFullError);
      const backlog = await archive.claim();
      expect(await failure(archive.broker.publish(roomId, BODY))).to.be.instanceOf(BacklogFullError);
      await archive.queue.settle(roomId, backlog.messages[1] as Position, KEEP_ALL);
      await archive.publish(roomId, 2);
      expect(await failure(archive.broker.publish(roomId, BODY))).to.be.instanceOf(BacklogFullError);
      expect((await archive.queue.backlog()).bytes).to.equal(4 * COST);
      await archive.directory.remove(roomId);
      await archive.newRoom(roomId);
      await archive.publish(roomId, 4);
    });

    it('leaves part of the budget for other rooms when one room uses a large part', async () => {
      await archive.close();
      archive = await ArchiveFixture.open(makeFixture, 1_000 * COST);
      /** Publishes that number of messages. @returns number of accepted ones, which are the first of them */
      const taken = async (roomId: number, count: number): Promise<number> => {
        const publishing = Array.from({ length: count }, () => archive.broker.publish(roomId, BODY));
        const results = await Promise.allSettled(publishing);
        const refused = results.filter(({ status }) => status === 'rejected');
        for (const result of refused) expect(result).to.have.property('reason').instanceOf(BacklogFullError);
        expect(
          results.slice(0, count - refused.length).every(({ status }) => status === 'fulfilled'),
        ).to.equal(true);
        return count - refused.length;
      };
      const large = await archive.newRoom();
      // More than half of the budget. In a Redis Cluster these rooms share one.
      expect(await taken(large, 600)).to.equal(501);
      // A quarter of the budget.
      const second = await archive.newRoom(large + 64);
      expect(await taken(second, 400)).to.equal(251);
      const third = await archive.newRoom(large + 128);
      expect(await taken(third, 100)).to.equal(100);
      expect(await taken(large, 1)).to.equal(0);
      const backlog = (await archive.claimDue()).find((each) => each.roomId === large);
      if (backlog === undefined) expect.fail('the large room was not claimed');
      await archive.queue.settle(large, backlog.messages.at(-1) as Position, KEEP_ALL);
      expect(await taken(large, 1)).to.equal(1);
    });

    it('notifies subscribers of the watermark each time it rises', async () => {
      const [roomId, other] = [await archive.newRoom(), await archive.newRoom()];
      const elsewhere = new Recorder();
      await (await archive.fixture.connect(elsewhere)).subscribe(other);
      await archive.broker.subscribe(roomId);
      expect(await archive.broker.stored(roomId)).to.deep.equal(NOWHERE);
      const places = await archive.publish(roomId, 3);
      for (const index of [0, 0, 2, 1])
        await archive.queue.settle(roomId, places[index] as Position, KEEP_ALL);
      await archive.broker.publishNotice(roomId, '{}');
      await archive.recorder.until('a notice behind all', () => archive.recorder.notices.length === 1);
      expect(archive.recorder.stored).to.deep.equal([
        { roomId, upTo: places[0] },
        { roomId, upTo: places[2] },
      ]);
      expect(await archive.broker.stored(roomId)).to.deep.equal(places[2]);
      await archive.publish(other);
      await elsewhere.until('a message', () => elsewhere.messages.length === 1);
      expect(elsewhere.stored).to.deep.equal([]);
    });
  });
}
