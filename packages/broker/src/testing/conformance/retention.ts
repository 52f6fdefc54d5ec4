import { silentLog, until } from '@chorus/testing';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { Position } from '../../broker.js';
import type { RoomFeedRegistry } from '../../feeds/room-feed-registry.js';
import { openFeeds } from '../feeds.js';
import type { Recorder } from '../recorder.js';
import { ArchiveFixture, NOWHERE, seqsOf } from './archive.js';
import type { MakeBrokerFixture } from './fixture.js';

const DAY_MS = 86_400_000;
const ANY_AGE = { size: 1_000, maxAgeMs: 0 };

/** Mocha tests of rooms that do not keep their messages for ever. */
export function describeRetention(name: string, makeFixture: MakeBrokerFixture): void {
  describe(`retention: ${name}`, () => {
    let archive: ArchiveFixture;
    let roomId: number;

    beforeEach(async () => {
      archive = await ArchiveFixture.open(makeFixture);
      roomId = await archive.newRoom();
    });
    afterEach(() => archive.close());

    /** Publishes messages of these ages. */
    const publish = async (...days: number[]): Promise<Position[]> => {
      const positions: Position[] = [];
      for (const age of days) {
        const sentAt = Date.now() - age * DAY_MS;
        positions.push(await archive.broker.publish(roomId, `"content":"x","sentAt":${sentAt}}`));
      }
      return positions;
    };
    const settle = async (keep = ANY_AGE): Promise<void> => {
      const { messages, after } = await archive.claim();
      await archive.queue.settle(roomId, messages.at(-1) ?? after, keep);
    };

    it('of a room is known to nodes until it ends', async () => {
      const days = async () => (await archive.broker.standing(roomId)).retentionDays;
      expect(await days()).to.equal(undefined);
      await archive.directory.setRetention(roomId, 7);
      expect(await days()).to.equal(7);
      await archive.directory.setRetention(roomId, null);
      expect(await days()).to.equal(undefined);
    });

    it('makes nodes in the room query it when it changes', async () => {
      await archive.broker.subscribe(roomId);
      await archive.directory.setRetention(roomId, 7);
      await archive.recorder.until('moved', () => archive.recorder.moved.length === 1);
      await archive.directory.setRetention(roomId, 7);
      await archive.directory.setRetention(roomId, 8);
      await archive.recorder.until('moved again', () => archive.recorder.moved.length === 2);
    });

    it('of a room trims its stored messages, if it is shorter than the limit of all rooms', async () => {
      await publish(9, 5, 0);
      await archive.directory.setRetention(roomId, 7);
      await settle();
      expect(await archive.kept(roomId)).to.deep.equal([2, 3]);
      await publish(0);
      await settle({ size: 1_000, maxAgeMs: 3 * DAY_MS });
      expect(await archive.kept(roomId)).to.deep.equal([3, 4]);
    });

    it('trims at once when it becomes shorter', async () => {
      await publish(9, 5, 0);
      await settle();
      await archive.expectNothingToClaim();
      await archive.directory.setRetention(roomId, 7);
      const [due] = await archive.claimDue();
      expect(due).to.deep.include({ roomId, messages: [] });
      await archive.queue.settle(roomId, due?.after ?? NOWHERE, ANY_AGE);
      expect(await archive.kept(roomId)).to.deep.equal([2, 3]);
    });

    it('is forgotten with its room', async () => {
      await archive.directory.setRetention(roomId, 7);
      await archive.directory.remove(roomId);
      await archive.newRoom(roomId);
      expect((await archive.broker.standing(roomId)).retentionDays).to.equal(undefined);
    });

    it('of all rooms is restored', async () => {
      const others = [await archive.newRoom(), await archive.newRoom()] as const;
      for (const id of [roomId, others[0]]) await archive.directory.setRetention(id, 7);
      await archive.directory.restoreRetentions(
        new Map([
          [others[0], 8],
          [others[1], 9],
        ]),
      );
      const rooms = [roomId, ...others];
      const days = await Promise.all(
        rooms.map(async (id) => (await archive.broker.standing(id)).retentionDays),
      );
      expect(days).to.deep.equal([undefined, 8, 9]);
    });

    describe('for clients that resume', () => {
      let feeds: RoomFeedRegistry;
      let heard: Recorder;
      const open = async (retentionDays?: number, options = {}): Promise<void> => {
        const connect = () => archive.fixture.connect();
        ({ feeds, heard } = await openFeeds(connect, { log: silentLog, retentionDays, ...options }));
        await feeds.acquire(roomId);
      };
      afterEach(() => feeds.close());
      const replayed = async (since: Position | undefined): Promise<number[] | undefined> => {
        const replay = await feeds.replay(roomId, since ?? NOWHERE);
        const frames = replay?.next(1_000_000);
        replay?.end();
        return frames?.map((frame) => JSON.parse(Buffer.from(frame).toString()).seq);
      };

      it('refuses positions behind which messages are too old', async () => {
        const [first, second, third] = await publish(9, 8, 6, 0);
        await open(7);
        expect(await replayed(first)).to.equal(undefined);
        expect(await replayed(second)).to.deep.equal([3, 4]);
        expect(await replayed(third)).to.deep.equal([4]);
      });

      it('refuses them also if everything was missed, or nothing else is left', async () => {
        const places = await publish(9, 8, 8, 8);
        await open(7, { pageSize: 2 });
        expect(await replayed(places[0])).to.equal(undefined);
        expect(await replayed(places[2])).to.equal(undefined);
        expect(await replayed(places[3])).to.deep.equal([]);
      });

      it('reads on when many messages are too old', async () => {
        const places = await publish(9, 9, 9, 9, 9, 9, 9, 9, 0, 0);
        await open(7, { pageSize: 2 });
        expect(await replayed(places[0])).to.equal(undefined);
        expect(await replayed(places[7])).to.deep.equal([9, 10]);
      });

      it('follows changes of the retention', async () => {
        const [first] = await publish(9, 8, 0);
        await open();
        expect(await replayed(first)).to.deep.equal([2, 3]);
        await archive.directory.setRetention(roomId, 7);
        await until('the retention is known', () => feeds.expiredUpTo(roomId) !== undefined);
        // The messages that were read for the client before are too old by now.
        expect(await replayed(first)).to.equal(undefined);
      });

      it('ends a replay whose messages have become too old', async () => {
        const [first] = await publish(9, 8, 8, 0);
        await open();
        const replay = await feeds.replay(roomId, first ?? NOWHERE);
        expect(replay?.next(1)).to.have.length(1);
        await archive.directory.setRetention(roomId, 7);
        await until('the retention is known', () => feeds.expiredUpTo(roomId) !== undefined);
        expect(replay?.next(1)).to.equal(undefined);
        replay?.end();
      });

      it('delivers live messages whatever their age', async () => {
        await open(7);
        const places = await publish(9, 0);
        await heard.until('both', () => heard.messages.length === 2);
        expect(seqsOf(heard.messages.map(({ position }) => position))).to.deep.equal(seqsOf(places));
      });
    });
  });
}
