import { messageEncoder } from '@chorus/protocol';
import { PARTITIONS } from '@chorus/redis';
import { createPrng } from '@chorus/testing';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { BacklogFullError, type Position } from '../../broker.js';
import { someRoom } from '../recorder.js';
import { ArchiveFixture } from './archive.js';
import type { MakeBrokerFixture } from './fixture.js';

const BUDGET = 1_000;
const KEEP_ALL = { size: 100_000, maxAgeMs: 0 };
const ROOMS_OF_USER = 8;

/** A user's message; all of them have one size. The content imitates a message of another user. */
export function bodyFrom(userId: number): string {
  const encode = messageEncoder(1, { id: userId, username: '"userId":8' });
  const parts = { content: 'says "userId":9, and "userId":', id: 'gateway-1', sentAt: 1_700_000_000_000 };
  return encode({ ...parts, clientMsgId: 'x'.repeat(64) });
}
export const COST_OF_USER = Buffer.byteLength(bodyFrom(1)) + 128;

/** Backlog of one room of the user. */
interface Used {
  readonly roomId: number;
  readonly places: Position[];
}

/** A user who publishes to many rooms, which share a budget in a Redis Cluster, too. */
export class BusyUser {
  readonly rooms: Used[] = [];

  private constructor(
    private readonly archive: ArchiveFixture,
    readonly id: number,
  ) {}

  static async open(archive: ArchiveFixture, id: number, rooms = ROOMS_OF_USER): Promise<BusyUser> {
    const user = new BusyUser(archive, id);
    for (let n = 0; n < rooms; n++) {
      // Rooms of one partition.
      const roomId = await archive.newRoom(someRoom() * PARTITIONS);
      user.rooms.push({ roomId, places: [] });
    }
    return user;
  }

  /** Publishes that number of messages, to the rooms in turn. @returns number of accepted ones */
  async send(count: number): Promise<number> {
    const results = await Promise.allSettled(
      Array.from({ length: count }, async (_, n) => {
        const room = this.#room(n);
        room.places.push(await this.archive.broker.publish(room.roomId, bodyFrom(this.id)));
      }),
    );
    const refused = results.filter(({ status }) => status === 'rejected');
    for (const result of refused) expect(result).to.have.property('reason').instanceOf(BacklogFullError);
    return count - refused.length;
  }

  /** Stores the backlog of some rooms, beginning with one. @returns number of stored messages */
  async store(from: number, rooms: number): Promise<number> {
    let stored = 0;
    for (const { roomId, places } of this.rooms.slice(from, from + rooms)) {
      const last = places.at(-1);
      if (last !== undefined) await this.archive.queue.settle(roomId, last, KEEP_ALL);
      stored += places.length;
      places.length = 0;
    }
    return stored;
  }

  #room(n: number): Used {
    const room = this.rooms[n % this.rooms.length];
    if (room === undefined) throw new Error('no room');
    return room;
  }
}

/** Ways in which no message of a user's room waits any more. */
const WAYS: Readonly<Record<string, (archive: ArchiveFixture, used: Used) => Promise<unknown>>> = {
  'is stored': ({ queue }, { roomId, places }) => queue.settle(roomId, places.at(-1) as Position, KEEP_ALL),
  'is stored as it was read': async ({ queue }, { roomId, places }) => {
    const claimed = await queue.claim(100, BUDGET, 0);
    const read = claimed.find((backlog) => backlog.roomId === roomId);
    expect(read?.messages).to.have.length(places.length);
    await queue.settle(roomId, places.at(-1) as Position, KEEP_ALL, read);
  },
  'is removed with its room': ({ directory }, { roomId }) => directory.remove(roomId),
  'is found in the database': (archive, used) => restore(archive, used, 'stored'),
  'is given up': (archive, used) => restore(archive, used, 'cut'),
};

async function restore({ directory }: ArchiveFixture, used: Used, before: 'stored' | 'cut'): Promise<void> {
  const end = used.places.at(-1) as Position;
  const room = { id: used.roomId, generation: 1, last: { epoch: end.epoch, seq: end.seq }, lastSentAt: 0 };
  await directory.bringIn([room], 1);
  const about = { room, end: room.last, messages: [], before, complete: false };
  expect(await directory.restore(about, 1)).to.equal(true);
}

/** Mocha tests of the shares: no user takes the budget of all others, in any number of rooms. */
export function describeBacklogShares(name: string, makeFixture: MakeBrokerFixture): void {
  describe(`shares of the backlog: ${name}`, () => {
    let archive: ArchiveFixture;

    beforeEach(async () => {
      archive = await ArchiveFixture.open(makeFixture, BUDGET * COST_OF_USER);
    });
    afterEach(() => archive.close());

    const open = (id: number, rooms?: number): Promise<BusyUser> => BusyUser.open(archive, id, rooms);

    it('leave part of the budget for other users when one uses a large part, in many rooms', async () => {
      const [ann, bob, eve] = [await open(1), await open(2), await open(3)];
      // No other user needs it: one message more than half.
      expect(await ann.send(600)).to.equal(501);
      expect(await ann.send(1)).to.equal(0);
      // A quarter of the budget.
      expect(await bob.send(400)).to.equal(250);
      expect(await eve.send(100)).to.equal(100);
      // Of the first 501 messages, 126 were sent before counting began.
      const stored = await ann.store(0, 3);
      expect(await ann.send(200)).to.equal(250 - (501 - 126 - stored));
      // Stored messages of one user do not count for another.
      const more = await bob.store(0, 2);
      expect(await ann.send(1)).to.equal(0);
      expect(await bob.send(200)).to.equal(more);
    });

    it('refuse no other user in that room and moment', async () => {
      const ann = await open(1);
      const { broker } = archive;
      const roomId = await archive.newRoom(someRoom() * PARTITIONS);
      const before = await broker.publish(roomId, bodyFrom(1), 'before');
      await ann.send(600);
      const sent = [
        broker.publish(roomId, bodyFrom(1)),
        broker.publish(roomId, bodyFrom(2), 'a'),
        broker.publish(roomId, bodyFrom(1), 'b'),
        broker.publish(roomId, bodyFrom(1), 'before'),
        broker.publish(roomId, '"nobody":1}'),
        broker.publish(roomId, bodyFrom(3)),
        broker.publish(roomId, bodyFrom(1)),
        broker.publish(roomId, bodyFrom(2), 'a'),
      ];
      const results = await Promise.allSettled(sent);
      const seqs = results.map((result) => {
        if (result.status === 'fulfilled') return result.value.seq;
        expect(result.reason).to.be.instanceOf(BacklogFullError);
        return 'refused';
      });
      expect(seqs).to.deep.equal(['refused', 2, 'refused', 1, 3, 4, 'refused', 2]);
      expect(await sent[3]).to.deep.equal({ ...before, repeated: true });
      expect(await archive.kept(roomId)).to.deep.equal([1, 2, 3, 4]);
    });

    for (const [way, giveBack] of Object.entries(WAYS)) {
      it(`are given back when a message ${way}`, async () => {
        const [ann, bob] = [await open(1), await open(2)];
        expect([await ann.send(600), await bob.send(400)]).to.deep.equal([501, 250]);
        let left = 501 - 126;
        for (const used of ann.rooms.splice(0, 3)) {
          await giveBack(archive, used);
          left -= used.places.length;
        }
        expect((await archive.queue.backlog()).bytes).to.equal((left + 126 + 250) * COST_OF_USER);
        expect(await ann.send(200)).to.equal(250 - left);
      });
    }

    it('are free again when everything is stored', async () => {
      const [ann, bob] = [await open(1), await open(2)];
      for (let round = 0; round < 3; round++) {
        expect([await ann.send(600), await bob.send(400)], `round ${round}`).to.deep.equal([501, 250]);
        for (const user of [ann, bob]) await user.store(0, ROOMS_OF_USER);
        expect((await archive.queue.backlog()).bytes).to.equal(0);
      }
    });

    it('of a single message are never too small', async () => {
      const [ann, bob] = [await open(1), await open(2)];
      const roomId = await archive.newRoom(someRoom() * PARTITIONS);
      await ann.send(600);
      const large = bodyFrom(2).replace('says', 'x'.repeat(300 * COST_OF_USER));
      await archive.broker.publish(roomId, large);
      expect(await bob.send(1)).to.equal(0);
    });

    for (const seed of [1, 2, 3, 4]) {
      it(`are exact to an eighth after any sequence of changes (${seed})`, async () => {
        const pick = createPrng(seed).below;
        const users = [await open(1, 4), await open(2, 4)] as const;
        const waiting = ({ rooms }: BusyUser): number =>
          rooms.reduce((sum, { places }) => sum + places.length, 0);
        const all = (): number => users.reduce((sum, user) => sum + waiting(user), 0);
        const step = async (): Promise<void> => {
          const user = users[pick(2)] ?? users[0];
          const at = pick(user.rooms.length);
          if (pick(3) > 0) await user.send(1 + pick(120));
          else if (pick(2) === 0) await user.store(at, 1 + pick(2));
          else {
            const used = user.rooms[at];
            const ways = Object.values(WAYS);
            const way = ways[pick(ways.length)];
            if (used === undefined || used.places.length === 0 || way === undefined) return;
            await way(archive, used);
            user.rooms[at] = { roomId: await archive.newRoom(someRoom() * PARTITIONS), places: [] };
          }
          expect((await archive.queue.backlog()).bytes).to.equal(all() * COST_OF_USER);
        };
        for (let n = 0; n < 80; n++) await step();
        const others = await open(9);
        for (const user of users) {
          for (let at = 0; all() + waiting(others) > 400; at = (at + 1) % 4) {
            for (const each of users) await each.store(at, 1);
            await others.store(0, ROOMS_OF_USER);
          }
          await others.send(501 - all() - waiting(others));
          const had = waiting(user);
          const taken = await user.send(450);
          expect(taken, `${had} were there`).to.be.within(
            Math.max(0, 250 - had),
            Math.max(0, 250 - had + 126),
          );
        }
      }).timeout(30_000);
    }
  });
}
