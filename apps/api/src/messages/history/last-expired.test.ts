import type { Database } from '@chorus/database';
import { createPrng } from '@chorus/testing';
import { expect } from 'chai';
import { openDatabase } from '../../testing/api.js';
import { MessageRepository } from '../repository.js';
import { lastExpired } from './last-expired.js';

describe('the last message that is too old', () => {
  let db: Database;
  before(async () => {
    db = (await openDatabase()).db;
    await db.room.create({ data: { id: 1, name: 'room' } });
  });
  beforeEach(() => db.$executeRaw`TRUNCATE messages`);
  after(() => db.$disconnect());

  /** Stores messages in order of time, one a second from 1970 on. */
  const store = async (positions: ReadonlyArray<readonly [epoch: number, seq: number]>): Promise<void> => {
    const common = { roomId: 1, messageId: 'm', userId: 7, username: 'ann', content: 'm' };
    await db.message.createMany({
      data: positions.map(([epoch, seq], at) => ({ ...common, epoch, seq, sentAt: new Date(at * 1_000) })),
    });
  };
  const found = async (second: number, epoch = 0, seq = 0): Promise<number[]> => {
    const position = await lastExpired(db, 1, { epoch, seq }, second * 1_000);
    return [position.epoch, position.seq];
  };

  it('is found within an epoch, and across epochs', async () => {
    await store([
      [5, 1],
      [5, 2],
      [5, 3],
      [7, 4],
      [9, 5],
      [9, 6],
    ]);
    expect(await found(0)).to.deep.equal([5, 1]);
    expect(await found(1)).to.deep.equal([5, 2]);
    expect(await found(2)).to.deep.equal([5, 3]);
    expect(await found(3)).to.deep.equal([7, 4]);
    expect(await found(4, 5, 2)).to.deep.equal([9, 5]);
    expect(await found(100)).to.deep.equal([9, 6]);
  });

  it('is the given position if no message is after it', async () => {
    await store([[5, 1]]);
    expect(await found(100, 5, 1)).to.deep.equal([5, 1]);
  });

  it('is found for any epochs and holes', async () => {
    const random = createPrng(7);
    for (let round = 0; round < 30; round++) {
      await db.$executeRaw`TRUNCATE messages`;
      const positions: Array<[number, number]> = [];
      let [epoch, seq] = [5, 0];
      for (let count = random.between(1, 40); count > 0; count--) {
        if (random.below(6) === 0) epoch += random.between(1, 3);
        seq += random.below(4) === 0 ? random.between(1, 50) : 1;
        positions.push([epoch, seq]);
      }
      await store(positions);
      const old = random.below(positions.length);
      const start = random.below(old + 1);
      const after = positions[start - 1] ?? [0, 0];
      expect(await found(old, ...after), `round ${round}`).to.deep.equal(positions[old]);
    }
  });

  it('is read over by pages', async () => {
    await store(Array.from({ length: 500 }, (_, at) => [5, at + 1] as const));
    const room = { id: 1, expiredUpTo: 299_000, storedUpTo: { epoch: 5, seq: 500 } };
    const page = (after: number, limit: number) =>
      new MessageRepository(db).after(room, { epoch: 5, seq: after }, limit);
    expect((await page(0, 3)).map(({ seq }) => seq)).to.deep.equal([301, 302, 303]);
    expect((await page(298, 3)).map(({ seq }) => seq)).to.deep.equal([301, 302, 303]);
    expect((await page(301, 3)).map(({ seq }) => seq)).to.deep.equal([302, 303, 304]);
    expect(
      await new MessageRepository(db).after({ ...room, expiredUpTo: 1e9 }, { epoch: 5, seq: 0 }, 3),
    ).to.deep.equal([]);
  });
});
