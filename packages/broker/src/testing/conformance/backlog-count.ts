import { createPrng, type Prng } from '@chorus/testing';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import type { ArchiveQueue, Backlog } from '../../archive-queue.js';
import type { Broker, Position } from '../../broker.js';
import type { RoomDirectory } from '../../room-directory.js';
import { Recorder, someRoom } from '../recorder.js';
import type { BrokerFixture, MakeBrokerFixture } from './fixture.js';

const STEPS = 300;
const OVERHEAD = 128;

interface WaitingMessage extends Position {
  bytes: number;
}

/** Mocha tests of the exact count of the backlog, whatever happens to rooms. */
export function describeBacklogCount(name: string, makeFixture: MakeBrokerFixture): void {
  describe(`backlog count: ${name}`, () => {
    let fixture: BrokerFixture;
    let directory: RoomDirectory;
    let queue: ArchiveQueue;
    let broker: Broker;
    /** Waiting messages of each existing room. */
    let rooms: Map<number, WaitingMessage[]>;
    /** Messages that were stored at some time. */
    let seen: Set<string>;
    /** Claimed positions, also of rooms that were removed since. */
    let claimed: Array<{ roomId: number; upTo: Position; read: Backlog | undefined }>;

    beforeEach(async () => {
      fixture = await makeFixture({});
      directory = fixture.directory();
      await directory.markComplete();
      queue = fixture.queue();
      broker = await fixture.connect(new Recorder());
      rooms = new Map();
      claimed = [];
      seen = new Set();
    });
    afterEach(() => fixture.close());

    const publish = async (roomId: number, count: number, pick: Prng['below']): Promise<void> => {
      const bodies = Array.from({ length: count }, () => `"content":"${'é'.repeat(pick(200))}"}`);
      const places = await Promise.all(
        bodies.map((body) => broker.publish(roomId, body, pick(2) === 0 ? `key ${pick(40)}` : undefined)),
      );
      const waiting = rooms.get(roomId) ?? [];
      for (const [index, place] of places.entries()) {
        // A repeated message is not counted again, in any room.
        if (seen.has(`${roomId} ${place.epoch} ${place.seq}`)) continue;
        seen.add(`${roomId} ${place.epoch} ${place.seq}`);
        waiting.push({ ...place, bytes: Buffer.byteLength(bodies[index] ?? '') + OVERHEAD });
      }
    };

    const settle = async (
      { roomId, upTo, read }: (typeof claimed)[number],
      pick: Prng['below'],
    ): Promise<void> => {
      await queue.settle(roomId, upTo, { size: pick(20), maxAgeMs: 0 }, read);
      const waiting = rooms.get(roomId);
      if (waiting === undefined) return;
      const isCovered = ({ epoch, seq }: Position): boolean =>
        epoch < upTo.epoch || (epoch === upTo.epoch && seq <= upTo.seq);
      rooms.set(
        roomId,
        waiting.filter((message) => !isCovered(message)),
      );
    };

    for (const seed of [1, 2, 3]) {
      it(`is exact after any sequence of changes (${seed})`, async () => {
        const pick = createPrng(seed).below;
        const first = someRoom();
        const ids = [first, first + 1, first + 2, first + 64];
        for (let step = 0; step < STEPS; step++) {
          const roomId = ids[pick(ids.length)] ?? first;
          const exists = rooms.has(roomId);
          const action = pick(10);
          if (!exists) {
            await directory.ensure(roomId, pick(3) * 100);
            rooms.set(roomId, []);
          } else if (action < 5) await publish(roomId, 1 + pick(12), pick);
          else if (action < 6) {
            const { epoch } = await broker.position(roomId);
            await broker.position(roomId, { epoch, seq: 1_000_000 });
          } else if (action < 7) {
            for (const backlog of await queue.claim(1 + pick(3), 1 + pick(30), 1)) {
              const messages = backlog.messages.slice(0, 1 + pick(backlog.messages.length));
              const upTo = messages.at(-1);
              const read = pick(3) === 0 ? undefined : { ...backlog, messages };
              if (upTo !== undefined) claimed.push({ roomId: backlog.roomId, upTo, read });
            }
          } else if (action < 9) {
            const one = claimed[pick(claimed.length)];
            if (one !== undefined) await settle(one, pick);
          } else {
            await directory.remove(roomId);
            rooms.delete(roomId);
          }
          const waiting = [...rooms.values()].flat();
          const bytes = waiting.reduce((sum, message) => sum + message.bytes, 0);
          expect((await queue.backlog()).bytes, `step ${step}`).to.equal(bytes);
        }
        expect(claimed.length).to.be.above(10);
      }).timeout(30_000);
    }
  });
}
