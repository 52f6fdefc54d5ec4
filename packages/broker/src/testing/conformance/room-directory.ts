import { setTimeout as sleep } from 'node:timers/promises';
import { failure, patiently, until } from '@chorus/testing';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { RoomDirectory } from '../../room-directory.js';
import { Recorder, someRoom } from '../recorder.js';
import type { BrokerFixture, MakeBrokerFixture } from './fixture.js';

/** Mocha tests of the guarantees of {@link RoomDirectory}. */
export function describeRoomDirectory(name: string, makeFixture: MakeBrokerFixture): void {
  describe(`room directory: ${name}`, () => {
    let fixture: BrokerFixture;
    let directory: RoomDirectory;

    beforeEach(async () => {
      fixture = await makeFixture({});
      directory = fixture.directory();
    });

    afterEach(() => fixture.close());

    const pendingIds = async (limit = 100): Promise<number[]> =>
      (await directory.pending(0, limit)).map(({ roomId }) => roomId);

    it('reports whether a room was unknown until now', async () => {
      const roomId = someRoom();
      expect(await directory.ensure(roomId, 5)).to.equal(true);
      expect(await directory.ensure(roomId, 9)).to.equal(false);
      await directory.remove(roomId);
      expect(await directory.ensure(roomId, 9)).to.equal(true);
    });

    it('creates a room once when many replicas do so concurrently', async () => {
      const roomId = someRoom();
      const others = Array.from({ length: 10 }, () => fixture.directory());
      const answers = await Promise.all(others.map((other) => other.ensure(roomId, 3)));
      expect(answers.filter(Boolean)).to.have.length(1);
    });

    it('keeps a change pending until it is settled, the oldest first', async () => {
      const [first, second, third] = [someRoom(), someRoom(), 2 ** 53 - 1];
      await directory.begin([first]);
      await directory.begin([third]);
      await directory.begin([second]);
      expect(await pendingIds()).to.deep.equal([first, third, second]);
      expect(await pendingIds(2)).to.deep.equal([first, third]);
      await directory.settle((await directory.pending(0, 10)).filter(({ roomId }) => roomId !== third));
      expect(await pendingIds()).to.deep.equal([third]);
      await directory.settle([{ roomId: first, since: 1 }]);
      await directory.settle([]);
      await directory.begin([]);
      expect(await pendingIds()).to.deep.equal([third]);
    });

    it('does not settle a change that has begun again meanwhile, however soon', async () => {
      const roomId = someRoom();
      for (let round = 0; round < 50; round++) {
        await directory.begin([roomId]);
        const seen = await directory.pending(0, 10);
        await directory.begin([roomId]);
        await directory.settle(seen);
        expect(seen).to.have.length(1);
      }
      await until('the pending change', async () => (await pendingIds()).length === 1);
      await directory.settle(await directory.pending(0, 10));
      expect(await pendingIds()).to.deep.equal([]);
    });

    it('does not list a change that has just begun', async () => {
      await directory.begin([someRoom()]);
      expect(await directory.pending(60_000, 10)).to.deep.equal([]);
    });

    it('notifies every node of each removal of a room', async () => {
      const recorder = new Recorder();
      await fixture.connect(recorder);
      const roomId = someRoom();
      await directory.ensure(roomId, 0);
      await directory.remove(roomId);
      await directory.remove(roomId);
      await recorder.until('both events', () => recorder.events.length === 2);
      expect(recorder.events).to.deep.equal(Array(2).fill({ type: 'room-deleted', roomId }));
    });

    it('names the generation of a removed room, if known', async () => {
      const recorder = new Recorder();
      await fixture.connect(recorder);
      const roomId = someRoom();
      await directory.ensure(roomId, 0, 7);
      await directory.remove(roomId);
      await directory.remove(roomId);
      await recorder.until('both events', () => recorder.events.length === 2);
      expect(recorder.events).to.deep.equal([
        { type: 'room-deleted', roomId, generation: 7 },
        { type: 'room-deleted', roomId },
      ]);
    });

    it('is complete once it was marked complete', async () => {
      const other = fixture.directory();
      expect(await other.isComplete()).to.equal(false);
      await directory.markComplete();
      expect(await other.isComplete()).to.equal(true);
    });

    it('lets one of many run an action, then the next', async () => {
      const others = Array.from({ length: 10 }, () => fixture.directory());
      let running = 0;
      let most = 0;
      const work = async (): Promise<void> => {
        most = Math.max(most, ++running);
        await sleep(50);
        running--;
      };
      const ran = await Promise.all(others.map((other) => other.exclusively('work', 10_000, work)));
      expect(ran.filter(Boolean)).to.have.length(1);
      expect(most).to.equal(1);
      expect(await directory.exclusively('work', 10_000, work)).to.equal(true);
    });

    it('excludes others for as long as the action runs', async () => {
      const other = fixture.directory();
      const ttlMs = patiently(1_000);
      await directory.exclusively('long work', ttlMs, async () => {
        await sleep(ttlMs * 1.5);
        expect(await other.exclusively('long work', ttlMs, async () => undefined)).to.equal(false);
        expect(await other.exclusively('other work', ttlMs, async () => undefined)).to.equal(true);
      });
    });

    it('admits others after a failure, and reports it', async () => {
      const reason = new Error('reason');
      expect(await failure(directory.exclusively('work', 10_000, () => Promise.reject(reason)))).to.equal(
        reason,
      );
      expect(await directory.exclusively('work', 10_000, async () => undefined)).to.equal(true);
    });
  });
}
