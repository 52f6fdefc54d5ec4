import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { Position } from '../../broker.js';
import { someRoom } from '../recorder.js';
import { ArchiveFixture, LEASE_MS, lastOf, NOWHERE, seqsOf } from './archive.js';
import type { MakeBrokerFixture } from './fixture.js';

/** Mocha tests of the limits of the recent history. */
export function describeHistoryLimits(name: string, makeFixture: MakeBrokerFixture): void {
  describe(`history limits: ${name}`, () => {
    let archive: ArchiveFixture;

    beforeEach(async () => {
      archive = await ArchiveFixture.open(makeFixture);
    });
    afterEach(() => archive.close());

    it('trims no message before it is settled, and then all but the newest', async () => {
      const roomId = await archive.newRoom();
      const places = await archive.publish(roomId, 500);
      await archive.claim();
      expect((await archive.kept(roomId)).length).to.equal(500);
      await archive.queue.settle(roomId, places[299] as Position, { size: 100, maxAgeMs: 0 });
      expect(await archive.kept(roomId)).to.deep.equal(Array.from({ length: 200 }, (_, n) => 301 + n));
      await archive.queue.settle(roomId, places[499] as Position, { size: 7, maxAgeMs: 0 });
      expect(await archive.kept(roomId)).to.deep.equal(seqsOf(places.slice(-7)));
      await archive.queue.settle(roomId, places[499] as Position, { size: 0, maxAgeMs: 0 });
      expect(await archive.kept(roomId)).to.deep.equal([]);
      expect(await archive.broker.position(roomId)).to.deep.equal(places[499]);
      expect(seqsOf(await archive.publish(roomId))).to.deep.equal([501]);
    });

    it('counts the newest across epochs, and in rooms whose numbers begin late', async () => {
      const roomId = await archive.newRoom(someRoom(), 1_000);
      const [before] = await archive.publish(roomId, 4);
      await archive.broker.position(roomId, { epoch: before?.epoch ?? 0, seq: 5_000 });
      await archive.publish(roomId, 4);
      const backlog = await archive.claim();
      await archive.queue.settle(roomId, backlog.messages[2] as Position, { size: 1, maxAgeMs: 0 });
      expect(await archive.kept(roomId)).to.deep.equal([1_004, 1_005, 1_006, 1_007, 1_008]);
      await archive.queue.settle(roomId, lastOf(backlog), { size: 6, maxAgeMs: 0 });
      expect(await archive.kept(roomId)).to.deep.equal([1_004, 1_005, 1_006, 1_007, 1_008]);
      await archive.queue.settle(roomId, lastOf(backlog), { size: 2, maxAgeMs: 0 });
      expect(await archive.kept(roomId)).to.deep.equal([1_007, 1_008]);
    });

    it('trims settled messages when they become too old', async () => {
      const roomId = await archive.newRoom();
      const maxAgeMs = 3_000;
      const sent = async (ageMs: number): Promise<Position> =>
        archive.broker.publish(
          roomId,
          `"content":"\\"sentAt\\":9999999999999","sentAt":${Date.now() - ageMs}}`,
        );
      const keep = { size: 1_000, maxAgeMs };
      await Promise.all(Array.from({ length: 150 }, () => sent(5_000)));
      await sent(2_000);
      await sent(0);
      const unsettled = await sent(5_000);
      const backlog = await archive.claim();
      await archive.queue.settle(roomId, backlog.messages.at(-2) as Position, keep);
      expect(await archive.kept(roomId)).to.deep.equal([151, 152, 153]);
      await archive.claim();
      await archive.queue.settle(roomId, unsettled, keep);
      expect(await archive.queue.backlog()).to.deep.equal({ bytes: 0, rooms: 0 });

      // Claimed again only for trimming, in time.
      for (const left of [[152, 153], []]) {
        const [due] = await archive.claimDue();
        expect(due).to.deep.include({ roomId, messages: [] });
        await archive.queue.settle(roomId, due?.after ?? NOWHERE, keep);
        expect(await archive.kept(roomId)).to.deep.equal(left);
      }
      expect(await archive.broker.stored(roomId)).to.deep.equal(unsettled);
    });

    it('hands out a room that waits for trimming at once when it has a message', async () => {
      const roomId = await archive.newRoom();
      const publishNow = (): Promise<Position> => archive.broker.publish(roomId, `"sentAt":${Date.now()}}`);
      await publishNow();
      await archive.queue.settle(roomId, lastOf(await archive.claim()), { size: 10, maxAgeMs: LEASE_MS });
      await archive.expectNothingToClaim();
      const second = await publishNow();
      expect(seqsOf((await archive.claim()).messages)).to.deep.equal([second.seq]);
    });

    it('hands out a room again that was claimed for trimming and was not trimmed', async () => {
      const roomId = await archive.newRoom();
      await archive.broker.publish(roomId, `"sentAt":${Date.now()}}`);
      await archive.queue.settle(roomId, lastOf(await archive.claim()), { size: 10, maxAgeMs: 1_500 });
      await archive.claimDue(30);
      const [again] = await archive.claimDue();
      expect(again).to.deep.include({ roomId, messages: [] });
    });
  });
}
